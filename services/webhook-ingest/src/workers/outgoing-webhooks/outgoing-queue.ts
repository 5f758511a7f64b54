import { roundTrip, transaction } from '@paxyo/database'
import type { Pool } from 'pg'
import { APPEND_COMMITS_MAX, appendRefunds, lockAndAppend } from '@paxyo/ledger'
import { feedItemsAfter, REFUND_COLUMNS, REFUND_JOINS } from '@paxyo/ledger'
import type { Refund } from '@paxyo/ledger'
import type { Attempt } from './send-message.ts'

/** A webhook that is this process's to send, until its lease ends. */
export interface ClaimedWebhook {
  /** This one included. */
  readonly attempts: number
  readonly refund: Refund
}

/** How many refunds one transaction turns into webhooks. */
export const ENQUEUE_MAX = 1000
/** More than an attempt may take. A process that dies leaves its webhooks to the others after it. */
export const LEASE_MS = 30_000

const BEGIN_AT_HEAD = `
  INSERT INTO outgoing_webhook_cursor (position)
  SELECT coalesce((SELECT max(last_position) FROM refund_feed), 0)
  ON CONFLICT DO NOTHING`

/** Webhooks begin with the first refund after the panel's address was configured for the first time. */
export async function beginAtHead(pool: Pool): Promise<void> {
  const { rows } = await pool.query('SELECT FROM outgoing_webhook_cursor')
  if (rows.length > 0) return
  while ((await appendRefunds(pool)) === APPEND_COMMITS_MAX);
  await pool.query(BEGIN_AT_HEAD)
}

// The feed is locked, so no two processes turn the same refund into webhooks.
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
 * Turns refunds that were committed into webhooks that are due.
 *
 * @returns how many; `ENQUEUE_MAX` or more mean that others may be waiting.
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

/** Takes webhooks that are due, for as long as a lease; others pass them over. */
export async function claimDue(pool: Pool, limit: number): Promise<ClaimedWebhook[]> {
  const { rows } = await pool.query<Refund & { attempts: number }>({
    name: 'claim_outgoing_webhooks',
    text: CLAIM,
    values: [limit, LEASE_MS],
  })
  return rows.map(({ attempts, ...refund }) => ({ attempts, refund }))
}

// Whoever was told so by the panel may say it, also after its lease has ended.
const SETTLE_DELIVERED = `
  UPDATE outgoing_webhooks SET state = 'delivered', due_at = NULL, settled_at = clock_timestamp(), last_status = $2,
    last_error = NULL
  WHERE refund_id = $1 AND state <> 'delivered'`

// Only the newest attempt speaks of failure: an older one must not undo the lease of another process.
const SETTLE_FAILED = `
  UPDATE outgoing_webhooks SET last_status = $3, last_error = $4,
    state = CASE WHEN $5::bigint IS NULL THEN 'dead' ELSE 'pending' END,
    settled_at = CASE WHEN $5::bigint IS NULL THEN clock_timestamp() END,
    due_at = clock_timestamp() + $5::bigint * interval '1 millisecond'
  WHERE refund_id = $1 AND state = 'pending' AND attempts = $2`

/**
 * Writes down what came of an attempt.
 *
 * @param retryInMs when to try again after a failure; undefined to give up.
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

/** @returns when the next one is due, from now; undefined when none is waiting. */
export async function nextDueInMs(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_in_ms: number | null }>({ name: 'next_due', text: NEXT_DUE })
  return rows[0]?.due_in_ms ?? undefined
}
