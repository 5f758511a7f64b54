import type { Pool } from 'pg'
import { SUPERSEDING_TYPES } from './messages.ts'

/** A webhook that this process sends; no other process does until its lease expires. */
export interface ClaimedWebhook {
  readonly webhookId: string
  readonly endpointId: string
  readonly type: string
  readonly subject: string
  readonly body: string
  /** Including this one. */
  readonly attempts: number
  /** Whether there were attempts before, also before a manual retry. */
  readonly isRetry: boolean
}

/** The result of one attempt to send a webhook. */
export interface Attempt {
  readonly delivered: boolean
  /** The status of the panel's response; null without a response. */
  readonly status: number | null
  /** Why the attempt failed; null when it was delivered. */
  readonly error: string | null
  /** The beginning of the response, on one line; null without a response. */
  readonly response: string | null
  readonly durationMs: number
}

/** An attempt as it is kept with its webhook. */
export interface RecordedAttempt extends Omit<Attempt, 'delivered'> {
  /** When it began, by the clock of the database. */
  readonly at: string
  /** Why there was no response; null when there was one. */
  readonly error: string | null
}

/** Longer than an attempt can take. When a process dies, others send its webhooks after this time. */
const LEASE_MS = 30_000

// A webhook waits for the earlier ones of its subject. Its own transaction never sees a later one without the earlier.
const CLAIM = `
  WITH due AS (
    SELECT webhook_id FROM outgoing_webhooks AS webhook
    WHERE endpoint_id = $1 AND state = 'pending' AND due_at <= clock_timestamp()
      AND NOT EXISTS (
        SELECT FROM outgoing_webhooks AS earlier
        WHERE earlier.endpoint_id = webhook.endpoint_id AND earlier.subject = webhook.subject
          AND earlier.queue_number < webhook.queue_number AND earlier.state = 'pending')
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
  )
  UPDATE outgoing_webhooks AS webhook SET attempts = attempts + 1, attempted_at = clock_timestamp(), is_sending = true,
    due_at = clock_timestamp() + $3 * interval '1 millisecond'
  FROM due WHERE webhook.webhook_id = due.webhook_id
  RETURNING webhook.webhook_id AS "webhookId", endpoint_id AS "endpointId", type, subject, body, attempts, queue_number,
    attempt_history IS NOT NULL AS "isRetry"`

/** Claims due webhooks of an endpoint for the duration of a lease; other processes skip them. */
export async function claimDue(pool: Pool, endpointId: string, limit: number): Promise<ClaimedWebhook[]> {
  const { rows } = await pool.query<ClaimedWebhook & { readonly queue_number: number }>({
    name: 'claim_outgoing_webhooks',
    text: CLAIM,
    values: [endpointId, limit, LEASE_MS],
  })
  return rows.toSorted((one, other) => one.queue_number - other.queue_number)
}

/** Of a webhook, the newest are kept: a schedule has fewer, but a person can retry a webhook again and again. */
const ATTEMPTS_KEPT_MAX = 50

const RECORD_ATTEMPT = `attempt_history =
    CASE WHEN jsonb_array_length(attempt_history) >= ${ATTEMPTS_KEPT_MAX} THEN attempt_history - 0
      ELSE coalesce(attempt_history, '[]') END
    || (jsonb_build_object('at', clock_timestamp() - $2::integer * interval '1 millisecond') || $3::jsonb)`

// A process that got a 2xx response may record it, also after its lease expired.
const SETTLE_DELIVERED = `
  UPDATE outgoing_webhooks SET state = 'delivered', due_at = NULL, is_sending = false, settled_at = clock_timestamp(),
    last_status = $4, last_error = NULL, ${RECORD_ATTEMPT}
  WHERE webhook_id = $1 AND state <> 'delivered'`

// Only the newest attempt may record a failure: an older one must not end the lease of another process.
const SETTLE_FAILED = `
  UPDATE outgoing_webhooks AS webhook SET last_status = $4, last_error = $5, is_sending = false, ${RECORD_ATTEMPT},
    state = next.state,
    settled_at = CASE WHEN next.state <> 'pending' THEN clock_timestamp() END,
    due_at = CASE WHEN next.state = 'pending' THEN clock_timestamp() + $6::bigint * interval '1 millisecond' END
  FROM (
    SELECT CASE
      WHEN older.type = ANY($7::text[]) AND EXISTS (
        SELECT FROM outgoing_webhooks AS newer
        WHERE newer.endpoint_id = older.endpoint_id AND newer.subject = older.subject AND newer.type = older.type
          AND newer.queue_number > older.queue_number) THEN 'superseded'
      WHEN $6::bigint IS NULL THEN 'dead'
      ELSE 'pending' END AS state
    FROM outgoing_webhooks AS older WHERE older.webhook_id = $1
  ) AS next
  WHERE webhook.webhook_id = $1 AND webhook.state = 'pending' AND webhook.attempts = $8`

/**
 * Records the result of an attempt.
 *
 * @param retryInMs the delay until the retry of a failed attempt; undefined when it was the last one.
 */
export async function settleAttempt(
  pool: Pool,
  { webhookId, attempts }: Pick<ClaimedWebhook, 'webhookId' | 'attempts'>,
  { delivered, status, error, response, ...attempt }: Attempt,
  retryInMs: number | undefined,
): Promise<void> {
  const durationMs = Math.round(attempt.durationMs)
  // The error of a response says no more than its status and its text.
  const recorded = { durationMs, status, error: status === null ? error : null, response }
  const values = [webhookId, durationMs, JSON.stringify(recorded), status]
  await (delivered
    ? pool.query({ name: 'settle_delivered', text: SETTLE_DELIVERED, values })
    : pool.query({
        name: 'settle_failed',
        text: SETTLE_FAILED,
        values: [...values, error, retryInMs ?? null, SUPERSEDING_TYPES, attempts],
      }))
}

// Those that wait for an earlier one are not counted: its result wakes the worker.
const NEXT_DUE = `
  SELECT (extract(epoch FROM min(due_at) - clock_timestamp()) * 1000)::float8 AS due_in_ms
  FROM outgoing_webhooks AS webhook
  WHERE endpoint_id = ANY($1::text[]) AND state = 'pending'
    AND NOT EXISTS (
      SELECT FROM outgoing_webhooks AS earlier
      WHERE earlier.endpoint_id = webhook.endpoint_id AND earlier.subject = webhook.subject
        AND earlier.queue_number < webhook.queue_number AND earlier.state = 'pending')`

/** @returns the time until the next webhook of these endpoints is due; undefined when none is pending. */
export async function nextDueInMs(pool: Pool, endpointIds: readonly string[]): Promise<number | undefined> {
  const { rows } = await pool.query<{ due_in_ms: number | null }>({
    name: 'next_due',
    text: NEXT_DUE,
    values: [endpointIds],
  })
  return rows[0]?.due_in_ms ?? undefined
}

const MAKE_DUE = `
  UPDATE outgoing_webhooks SET due_at = clock_timestamp()
  WHERE endpoint_id = $1 AND state = 'pending' AND NOT is_sending AND due_at > clock_timestamp()`

/** Makes all failed webhooks of an endpoint due: it responds again. */
export async function makeEndpointDue(pool: Pool, endpointId: string): Promise<void> {
  await pool.query(MAKE_DUE, [endpointId])
}
