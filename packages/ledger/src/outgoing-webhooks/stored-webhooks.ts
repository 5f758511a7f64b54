import { WEBHOOK_PROVIDER_SQL, WEBHOOK_SERVICE_SQL, type Database } from '@paxyo/database'
import { sql, type Kysely } from 'kysely'
import { SUPERSEDING_TYPES } from './messages.ts'
import type { RecordedAttempt } from './send-queue.ts'

/** Dead webhooks that one request can retry. */
const RETRY_MAX = 1000
/** The order's provider and service when the change was made, as the indexes have them. */
const WEBHOOK_PROVIDER = sql<string | null>`${sql.raw(WEBHOOK_PROVIDER_SQL)}`
const WEBHOOK_SERVICE = sql<string | null>`${sql.raw(WEBHOOK_SERVICE_SQL)}`

export interface OutgoingWebhookFilter {
  readonly state?: string | undefined
  readonly endpointId?: string | undefined
  readonly type?: string | undefined
  readonly subject?: string | undefined
  /** Those about orders of a provider, or of a service. */
  readonly provider?: string | undefined
  readonly service?: string | undefined
  /** The queue number before which the page begins. */
  readonly before: number | undefined
  readonly limit: number
}

/**
 * Those about refunds have indexes for every filter; others of a provider or a service are searched among all that are kept.
 *
 * @returns outgoing webhooks, the newest first.
 */
export async function listOutgoingWebhooks(
  db: Kysely<Database>,
  { state, endpointId, type, subject, provider, service, before, limit }: OutgoingWebhookFilter,
): Promise<OutgoingWebhookRow[]> {
  let query = selectWebhooks(db).limit(limit)
  if (state !== undefined) query = query.where('state', '=', state)
  if (endpointId !== undefined) query = query.where('endpoint_id', '=', endpointId)
  if (type !== undefined) query = query.where('type', '=', type)
  if (before !== undefined) query = query.where('queue_number', '<', before)
  if (provider !== undefined) query = query.where(WEBHOOK_PROVIDER, '=', provider)
  if (service !== undefined) query = query.where(WEBHOOK_SERVICE, '=', service)
  if (subject === undefined) return query.orderBy('queue_number', 'desc').execute()
  // The index of subjects begins with the endpoint. Sorting by an expression, the planner cannot read all in their order instead.
  const endpoints = db.selectFrom('outgoing_webhook_endpoints').select('endpoint_id')
  return query
    .where('endpoint_id', 'in', endpoints)
    .where('subject', '=', subject)
    .orderBy(sql`queue_number + 0`, 'desc')
    .execute()
}

/** @returns a webhook with its body and its attempts; undefined when it does not exist. */
export async function readOutgoingWebhook(
  db: Kysely<Database>,
  webhookId: string,
): Promise<FullOutgoingWebhookRow | undefined> {
  return selectWebhooks(db)
    .select('body')
    .select(({ ref }) => ref('attempt_history').$castTo<RecordedAttempt[] | null>().as('attemptHistory'))
    .where('webhook_id', '=', webhookId)
    .executeTakeFirst()
}

/**
 * Makes a webhook in any state due at once and resets its attempts. One that a newer one supersedes stays settled: an old
 * state would replace the current one.
 *
 * @returns the webhook; undefined when it does not exist.
 */
export async function retryOutgoingWebhook(
  db: Kysely<Database>,
  webhookId: string,
): Promise<OutgoingWebhookRow | undefined> {
  await retry(db, [webhookId])
  return selectWebhooks(db).where('webhook_id', '=', webhookId).executeTakeFirst()
}

/** Makes dead webhooks due, oldest first. */
export async function retryDeadOutgoingWebhooks(db: Kysely<Database>): Promise<{ retried: number; hasMore: boolean }> {
  const dead = await db
    .selectFrom('outgoing_webhooks')
    .select('webhook_id')
    .where('state', '=', 'dead')
    .orderBy('queue_number')
    .limit(RETRY_MAX)
    .execute()
  if (dead.length > 0)
    await retry(
      db,
      dead.map((row) => row.webhook_id),
    )
  return { retried: dead.length, hasMore: dead.length === RETRY_MAX }
}

async function retry(db: Kysely<Database>, webhookIds: readonly string[]): Promise<void> {
  await sql`
    UPDATE outgoing_webhooks AS webhook
    SET state = next.state, attempts = 0,
      due_at = CASE WHEN next.state = 'pending' THEN clock_timestamp() END,
      settled_at = CASE WHEN next.state = 'superseded' THEN clock_timestamp() END
    FROM (
      SELECT older.webhook_id, CASE WHEN older.type = ANY(${SUPERSEDING_TYPES}::text[]) AND EXISTS (
        SELECT FROM outgoing_webhooks AS newer
        WHERE newer.endpoint_id = older.endpoint_id AND newer.subject = older.subject AND newer.type = older.type
          AND newer.queue_number > older.queue_number) THEN 'superseded' ELSE 'pending' END AS state
      FROM outgoing_webhooks AS older WHERE older.webhook_id = ANY(${webhookIds}::uuid[])
    ) AS next
    WHERE webhook.webhook_id = next.webhook_id`.execute(db)
}

const selectWebhooks = (db: Kysely<Database>) =>
  db
    .selectFrom('outgoing_webhooks')
    .select([
      'webhook_id',
      'queue_number',
      'endpoint_id',
      'type',
      'subject',
      'state',
      'attempts',
      'created_at',
      'due_at',
      'attempted_at',
      'settled_at',
      'last_status',
      'last_error',
    ])

export interface FullOutgoingWebhookRow extends OutgoingWebhookRow {
  readonly body: string
  /** Null before the first one, and after an erasure. */
  readonly attemptHistory: readonly RecordedAttempt[] | null
}

export type OutgoingWebhookRow = Awaited<ReturnType<ReturnType<typeof selectWebhooks>['execute']>>[number]
