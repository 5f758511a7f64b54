import { roundTrip, transaction } from '@paxyo/database'
import type { Pool } from 'pg'
import { APPEND_COMMITS_MAX, appendRefunds, lockAndAppend } from '@paxyo/ledger'
import { feedItemsAfter, REFUND_COLUMNS, REFUND_JOINS } from '@paxyo/ledger'
import type { Refund } from '@paxyo/ledger'
import type { Attempt } from './send-message.ts'

/** A webhook that this process sends; no other process does until its lease expires. */
export interface ClaimedWebhook {
  /** Including this one. */
  readonly attempts: number
  readonly refund: Refund
}

/** Refunds per transaction. */
export const ENQUEUE_MAX = 1000
/** Longer than an attempt can take. When a process dies, others send its webhooks after this time. */
export const LEASE_MS = 30_000

const BEGIN_AT_HEAD = `
  INSERT INTO outgoing_webhook_cursor (position)
  SELECT coalesce((SELECT max(last_position) FROM refund_feed), 0)
  ON CONFLICT DO NOTHING`

/** The first webhook is for the first refund after OUTGOING_WEBHOOK_URL was configured for the first time. */
export async function beginAtHead(pool: Pool): Promise<void> {
  const { rows } = await pool.query('SELECT FROM outgoing_webhook_cursor')
  if (rows.length > 0) return
  while ((await appendRefunds(pool)) === APPEND_COMMITS_MAX);
  await pool.query(BEGIN_AT_HEAD)
}

// The feed is locked, so two processes never enqueue the same refund.
const ENQUEUE = `
  WITH fresh AS (
    SELECT item.* FROM outgoing_webhook_cursor AS cursor
    CROSS JOIN LATERAL (${feedItemsAfter('cursor.position', String(ENQUEUE_MAX))}) AS item
  ), queued AS (
    INSERT INTO outgoing_webhooks (refund_id, position, due_at)
    SELECT entry_id, position, clock_timestamp() FROM fresh
    RETURNING position
  ), moved AS (
    UPDATE outgoing_webhook_cursor SET position = head.position
    FROM (SELECT max(position) AS position FROM queued) AS head WHERE head.position IS NOT NULL
  )
  SELECT count(*)::int AS count FROM queued`

/**
 * Enqueues a webhook, due now, for each newly committed refund.
 *
 * @returns the number of webhooks; from `ENQUEUE_MAX` on, more may be waiting.
 */
export async function enqueueRefunds(pool: Pool): Promise<number> {
  const { appended, queued } = await transaction(pool, async (client) => {
    const append = lockAndAppend(client)
    const enqueue = client.query<{ count: number }>({ name: 'enqueue_outgoing_webhooks', text: ENQUEUE })
    const [count, { rows }] = await roundTrip([append, enqueue])
    return { appended: count, queued: rows[0]!.count }
  })
  return Math.max(queued, appended === APPEND_COMMITS_MAX ? ENQUEUE_MAX : 0)
}

const CLAIM = `
  WITH due AS (
    SELECT refund_id FROM outgoing_webhooks WHERE state = 'pending' AND due_at <= clock_timestamp()
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ), item AS (
    UPDATE outgoing_webhooks AS webhook SET attempts = attempts + 1, attempted_at = clock_timestamp(),
      due_at = clock_timestamp() + $2 * interval '1 millisecond'
    FROM due WHERE webhook.refund_id = due.refund_id
    RETURNING webhook.refund_id AS entry_id, position, attempts
  )
  SELECT item.attempts, ${REFUND_COLUMNS} FROM item ${REFUND_JOINS} ORDER BY item.position`

/** Claims due webhooks for the duration of a lease; other processes skip them. */
export async function claimDue(pool: Pool, limit: number): Promise<ClaimedWebhook[]> {
  const { rows } = await pool.query<Refund & { attempts: number }>({
    name: 'claim_outgoing_webhooks',
    text: CLAIM,
    values: [limit, LEASE_MS],
  })
  return rows.map(({ attempts, ...refund }) => ({ attempts, refund }))
}

// A process that got a 2xx response may record it, also after its lease expired.
const SETTLE_DELIVERED = `
  UPDATE outgoing_webhooks SET state = 'delivered', due_at = NULL, settled_at = clock_timestamp(), last_status = $2,
    last_error = NULL
  WHERE refund_id = $1 AND state <> 'delivered'`

// Only the newest attempt may record a failure: an older one must not end the lease of another process.
const SETTLE_FAILED = `
  UPDATE outgoing_webhooks SET last_status = $3, last_error = $4,
    state = CASE WHEN $5::bigint IS NULL THEN 'dead' ELSE 'pending' END,
    settled_at = CASE WHEN $5::bigint IS NULL THEN clock_timestamp() END,
    due_at = clock_timestamp() + $5::bigint * interval '1 millisecond'
  WHERE refund_id = $1 AND state = 'pending' AND attempts = $2`

/**
 * Records the result of an attempt.
 *
 * @param retryInMs the delay until the retry of a failed attempt; undefined when it was the last one.
 */
export async function settleAttempt(
  pool: Pool,
  { refund, attempts }: ClaimedWebhook,
  { delivered, status, error }: Attempt,
  retryInMs: number | undefined,
): Promise<void> {
  await (delivered
    ? pool.query({ name: 'settle_delivered', text: SETTLE_DELIVERED, values: [refund.refundId, status] })
    : pool.query({
        name: 'settle_failed',
        text: SETTLE_FAILED,
        values: [refund.refundId, attempts, status, error, retryInMs ?? null],
      }))
}

const NEXT_DUE = `
  SELECT (extract(epoch FROM min(due_at) - clock_timestamp()) * 1000)::float8 AS due_in_ms
  FROM outgoing_webhooks WHERE state = 'pending'`

/** @returns the time until the next webhook is due; undefined when none is pending. */
export async function nextDueInMs(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_in_ms: number | null }>({ name: 'next_due', text: NEXT_DUE })
  return rows[0]?.due_in_ms ?? undefined
}
