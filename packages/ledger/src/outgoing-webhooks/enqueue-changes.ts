import { transaction, withConnection } from '@paxyo/database'
import type { Pool, PoolClient } from 'pg'
import type { Logger } from 'pino'
import type { Change } from '../change-feed/change.ts'
import {
  readChangeFeedHead,
  readChangesFrom,
  type ChangePage,
  type UnusableCursor,
} from '../change-feed/read-changes.ts'
import { newId } from '../model/new-id.ts'
import { messagesFor, SUPERSEDING_TYPES, type Message } from './messages.ts'

/** An endpoint, and its cursor in the changes feed. */
export interface FollowingEndpoint {
  readonly endpointId: string
  readonly types: ReadonlySet<string>
  readonly position: number
}

/** How far the webhooks of an endpoint follow the changes feed. */
export interface Enqueued {
  readonly position: number
  readonly hasMore: boolean
}

export interface EnqueueDeps {
  readonly pool: Pool
  readonly log: Logger
  /** Called when the changes after an endpoint's cursor are no longer kept: they become no webhooks. */
  readonly onSkipped?: () => void
}

/** Changes per transaction. */
const CHANGES_MAX = 500

/**
 * Turns the changes after an endpoint's cursor into webhooks, due now. The cursor moves in the same transaction, so each
 * change becomes a webhook once, whichever processes do this. It moves only while the endpoint has these types: a change that is
 * committed after a type was added becomes a webhook of that type.
 *
 * @returns whether the endpoint has everything that the feed has.
 */
export async function enqueueChanges(
  { pool, log, onSkipped }: EnqueueDeps,
  { endpointId, types, position }: FollowingEndpoint,
): Promise<Enqueued> {
  const page = await withConnection(pool, (client) => readOrStartAgain(client, endpointId, position))
  if ('reason' in page) {
    const { reason, next } = page
    // Another process has moved it, it was deleted, or this server is a former primary: the next run reads where it is.
    if (next === undefined) return { position, hasMore: false }
    log.error({ endpointId, position, next, reason }, 'outgoing webhooks skipped: their changes are not kept')
    onSkipped?.()
    return { position: next, hasMore: true }
  }
  const { cursor, hasMore, changes } = page
  if (cursor.position !== position) {
    await enqueue(pool, { endpointId, types, from: position, to: cursor.position }, toMessages(changes, types))
  }
  return { position: cursor.position, hasMore }
}

interface StartedAgain {
  readonly reason: UnusableCursor
  /** Undefined when the endpoint is not at the position that was read from. */
  readonly next: number | undefined
}

/** On the connection that has read: another one may lead to a server on which the cursor can be used, and changes would be skipped. */
async function readOrStartAgain(
  client: PoolClient,
  endpointId: string,
  position: number,
): Promise<ChangePage | StartedAgain> {
  const { epoch } = await readChangeFeedHead(client)
  const page = await readChangesFrom(client, { epoch, position }, CHANGES_MAX)
  return typeof page === 'object' ? page : { reason: page, next: await startAgain(client, endpointId, position) }
}

const toMessages = (changes: readonly Change[], types: ReadonlySet<string>): Message[] =>
  changes.flatMap((change) => messagesFor(change, types))

interface Moved extends Pick<FollowingEndpoint, 'endpointId' | 'types'> {
  readonly from: number
  readonly to: number
}

// The update locks the endpoint, and does nothing when another process was faster, or its types were changed: the next run reads them.
const ENQUEUE = `
  WITH moved AS (
    UPDATE outgoing_webhook_endpoints SET position = $3
    WHERE endpoint_id = $1 AND position = $2 AND is_enabled
      AND types <@ $8::text[] AND types @> $8::text[]
    RETURNING endpoint_id
  )
  INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, due_at)
  SELECT webhook_id, endpoint_id, type, subject, body, clock_timestamp()
  FROM moved
  CROSS JOIN unnest($4::uuid[], $5::text[], $6::text[], $7::text[])
    WITH ORDINALITY AS given (webhook_id, type, subject, body, place)
  ORDER BY place`

/** A webhook that has failed needs no retry once a newer one contains all that it contained. */
const SUPERSEDE = `
  UPDATE outgoing_webhooks AS older SET state = 'superseded', due_at = NULL, settled_at = clock_timestamp()
  WHERE endpoint_id = $1 AND subject = ANY($2::text[]) AND type = ANY($3::text[])
    AND state = 'pending' AND attempts > 0 AND NOT is_sending
    AND EXISTS (
      SELECT FROM outgoing_webhooks AS newer
      WHERE newer.endpoint_id = older.endpoint_id AND newer.subject = older.subject AND newer.type = older.type
        AND newer.queue_number > older.queue_number)`

async function enqueue(
  pool: Pool,
  { endpointId, types, from, to }: Moved,
  messages: readonly Message[],
): Promise<void> {
  const subjects = [...new Set(messages.map(({ subject }) => subject))]
  await transaction(
    pool,
    () => Promise.resolve(),
    (client) => [
      client.query({
        name: 'enqueue_outgoing_webhooks',
        text: ENQUEUE,
        values: [
          endpointId,
          from,
          to,
          messages.map(() => newId()),
          messages.map(({ type }) => type),
          messages.map(({ subject }) => subject),
          messages.map(({ body }) => body),
          [...types],
        ],
      }),
      ...(messages.length === 0
        ? []
        : [
            client.query({
              name: 'supersede_outgoing_webhooks',
              text: SUPERSEDE,
              values: [endpointId, subjects, SUPERSEDING_TYPES],
            }),
          ]),
    ],
  )
}

/** Changes up to `deleted_position` are deleted; a later one may have lost its event. */
const START_AGAIN = `
  UPDATE outgoing_webhook_endpoints AS endpoint
  SET position = CASE WHEN endpoint.position > head.position THEN head.position ELSE head.oldest END
  FROM (
    SELECT position, greatest(deleted_position, $2::bigint + 1) AS oldest FROM change_feed_head
  ) AS head
  WHERE endpoint_id = $1 AND endpoint.position = $2
  RETURNING endpoint.position`

async function startAgain(client: PoolClient, endpointId: string, position: number): Promise<number | undefined> {
  const { rows } = await client.query<{ position: number }>(START_AGAIN, [endpointId, position])
  return rows[0]?.position
}
