import { COMPACTED_BYTES_MAX, storedPayload, TIMELINE, type StoredEvent } from '@paxyo/database'
import type { Pool } from 'pg'
import { checkedRows, type PrimaryRow, type ReadDatabase } from './read-database.ts'

export interface EventRow {
  readonly seq: number
  readonly bytes: Buffer
}

/** The end of a user's stream: the epoch, and the newest seq, 0 for a user without an account. */
export interface Head {
  readonly epoch: string
  readonly seq: number
  /** The user's tokens that were issued before it, in ms since 1970, are revoked; undefined when none is. */
  readonly tokensIssuedBeforeMs: number | undefined
  /** Whether the token of the client is revoked. */
  readonly isTokenRevoked?: true | undefined
}

/** A user with the token of one client, which is read to know whether it is revoked. */
export interface TokenOfUser {
  readonly userId: string
  /** `jti`. */
  readonly tokenId: string | undefined
}

/** The seq after which a user's events are read. */
export interface Since {
  readonly userId: string
  readonly seq: number
}

export interface Missed extends Head {
  /** The events after the given seq; empty when there are none, or they are not within the bounds. */
  readonly events: readonly EventRow[]
}

/** Read in the statement that reads the stream, so that no join passes a revocation that was committed before it. */
export const TOKENS_ISSUED_BEFORE =
  '(extract(epoch FROM cutoff.tokens_issued_before) * 1000)::float8 AS tokens_issued_before'

/** Whether the wanted token is revoked, read likewise. */
export const IS_TOKEN_REVOKED = `EXISTS (
      SELECT FROM revoked_tokens AS revoked WHERE revoked.user_id = wanted.user_id AND revoked.jti = wanted.jti
    ) AS is_token_revoked`

export interface History {
  /**
   * Identifies the history that seqs belong to. It is rotated after a restore of the database, and after a failover that may
   * have lost commits.
   */
  readonly epoch: string
  /** Of the primary's WAL: another one after each failover. */
  readonly timeline: number
}

/** @throws when the database is unavailable, or a replica. */
export async function readHistory(pool: Pool): Promise<History> {
  const { rows } = await pool.query<PrimaryRow & History>({
    name: 'read_history',
    text: `SELECT epoch, pg_is_in_recovery() AS is_replica, ${TIMELINE} AS timeline FROM stream_epoch`,
  })
  const { epoch, timeline } = checkedRows(pool, rows)[0]!
  return { epoch, timeline }
}

/** @throws when the database is unavailable, or a replica. */
export async function readTokenRevoked(pool: Pool, userId: string, tokenId: string): Promise<boolean> {
  const { rows } = await pool.query<PrimaryRow & { is_token_revoked: boolean }>({
    name: 'read_token_revoked',
    text: `
      SELECT epoch, pg_is_in_recovery() AS is_replica, ${IS_TOKEN_REVOKED}
      FROM stream_epoch, (SELECT $1::text AS user_id, $2::text AS jti) AS wanted`,
    values: [userId, tokenId],
  })
  return checkedRows(pool, rows)[0]!.is_token_revoked
}

// The order makes it one step into the index, however many deleted rows vacuum has left in the table.
const READ_BATCH_IDS = `SELECT batch_id FROM outbox ORDER BY batch_id LIMIT $1`

/** The oldest batches whose events are not published, or were published just now. */
export async function readBatchIds(pool: Pool, max: number): Promise<string[]> {
  const { rows } = await pool.query<{ batch_id: string }>({
    name: 'read_batch_ids',
    text: READ_BATCH_IDS,
    values: [max],
  })
  return rows.map((row) => row.batch_id)
}

const READ_EVENTS_SINCE = `
  SELECT wanted.position, event.seq, event.at, event.payload, event.compact
  FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS wanted (user_id, seq, position)
  CROSS JOIN LATERAL (
    SELECT seq, at, payload, compact FROM events
    WHERE events.user_id = wanted.user_id AND events.seq > wanted.seq
    ORDER BY events.seq
    LIMIT $3
  ) AS event
  ORDER BY wanted.position, event.seq`

/** The first events after a seq, for many users in one query. */
export async function readEventsSince(
  database: ReadDatabase,
  since: readonly Since[],
  limit: number,
): Promise<EventRow[][]> {
  const { rows } = await database.query<StoredEvent & { position: number }>({
    name: 'read_events_since',
    text: READ_EVENTS_SINCE,
    values: [since.map(({ userId }) => userId), since.map(({ seq }) => seq), limit],
  })
  const events = since.map((): EventRow[] => [])
  for (const row of rows) events[row.position - 1]!.push(toEvent(row))
  return events
}

const toEvent = (stored: StoredEvent): EventRow => ({ seq: stored.seq, bytes: Buffer.from(storedPayload(stored)) })

const READ_BEHIND = `
  SELECT wanted.user_id
  FROM unnest($1::text[], $2::bigint[]) AS wanted (user_id, seq)
  JOIN accounts USING (user_id)
  WHERE accounts.last_seq > wanted.seq`

/** The users whose stream goes on after a seq, for many users in one query. */
export async function readBehind(database: ReadDatabase, since: readonly Since[]): Promise<string[]> {
  const { rows } = await database.query<{ user_id: string }>({
    name: 'read_behind',
    text: READ_BEHIND,
    values: [since.map(({ userId }) => userId), since.map(({ seq }) => seq)],
  })
  return rows.map((row) => row.user_id)
}

// The innermost condition on last_seq skips users with too many missed events before any of their events is read. With the
// LIMIT, the planner reads each user's events by one index scan.
const READ_MISSED = `
  SELECT wanted.position, stream_epoch.epoch, pg_is_in_recovery() AS is_replica, ${TOKENS_ISSUED_BEFORE},
    ${IS_TOKEN_REVOKED},
    coalesce(accounts.last_seq, 0) AS head, event.seq, event.at, event.payload, event.compact
  FROM stream_epoch,
    unnest($1::text[], $2::bigint[], $5::text[]) WITH ORDINALITY AS wanted (user_id, seq, jti, position)
  LEFT JOIN accounts USING (user_id)
  LEFT JOIN connection_cutoffs AS cutoff ON cutoff.user_id = wanted.user_id
  LEFT JOIN LATERAL (
    SELECT *
    FROM (
      SELECT *, sum(coalesce(octet_length(payload), octet_length(compact) + ${COMPACTED_BYTES_MAX})) OVER () AS bytes
      FROM (
        SELECT seq, at, payload, compact FROM events
        WHERE events.user_id = wanted.user_id AND events.seq > wanted.seq
          AND accounts.last_seq - wanted.seq BETWEEN 1 AND $3
        ORDER BY events.seq
        LIMIT $3
      ) AS missed
    ) AS missed
    WHERE bytes <= $4
  ) AS event ON true
  ORDER BY wanted.position, event.seq`

interface MissedRow extends PrimaryRow, Omit<StoredEvent, 'seq'> {
  readonly tokens_issued_before: number | null
  readonly is_token_revoked: boolean
  readonly position: number
  readonly head: number
  /** Null, like the rest of the event, when none is returned. */
  readonly seq: number | null
}

/** The bounds of the missed events of one client. */
export interface MissedBounds {
  readonly eventsMax: number
  readonly bytesMax: number
}

/** The heads of streams, and the events after a seq if they are within the bounds, for many users in one query. */
export async function readMissed(
  database: ReadDatabase,
  since: readonly (Since & TokenOfUser)[],
  { eventsMax, bytesMax }: MissedBounds,
): Promise<Missed[]> {
  const { rows } = await database.query<MissedRow>({
    name: 'read_missed',
    text: READ_MISSED,
    values: [
      since.map(({ userId }) => userId),
      since.map(({ seq }) => seq),
      eventsMax,
      bytesMax,
      since.map(({ tokenId }) => tokenId),
    ],
  })
  const missed: (Missed & { events: EventRow[] })[] = []
  for (const row of checkedRows(database, rows)) {
    const { position, epoch, head, tokens_issued_before, is_token_revoked, seq } = row
    const tokensIssuedBeforeMs = tokens_issued_before ?? undefined
    const isTokenRevoked = is_token_revoked || undefined
    const { events } = (missed[position - 1] ??= { epoch, seq: head, tokensIssuedBeforeMs, isTokenRevoked, events: [] })
    if (seq !== null) events.push(toEvent({ ...row, seq }))
  }
  return missed
}
