import type { Pool } from 'pg'

/** Work of one kind that waits in the database. */
export interface Backlog {
  readonly kind: 'outbox' | 'parked' | 'unverified' | 'rejected' | 'review' | 'change' | 'outgoing' | 'dead' | 'erasure'
  /** The reason of a review; empty for other kinds. */
  readonly reason: string
  readonly count: number
  /** How long the oldest has been waiting. */
  readonly ageS: number
}

/** At most this many rows of each kind are counted, so that the cost of a scrape is bounded. */
const BACKLOG_COUNT_MAX = 10_000

// Each part reads an index, starting at its oldest row; ids sort by creation time.
const READ_BACKLOG = `
  WITH waiting AS (
    (SELECT 'outbox' AS kind, '' AS reason, created_at AS since FROM outbox ORDER BY batch_id LIMIT $1)
    UNION ALL
    (SELECT 'parked', '', received_at FROM deliveries WHERE outcome = 'parked' ORDER BY received_at LIMIT $1)
    UNION ALL
    (SELECT 'unverified', '', created_at FROM verifications WHERE settled_at IS NULL ORDER BY due_at LIMIT $1)
    UNION ALL
    (SELECT 'rejected', '', received_at FROM rejected_requests WHERE replayed_at IS NULL ORDER BY request_id LIMIT $1)
    UNION ALL
    (SELECT 'review', reason, opened_at FROM reviews WHERE resolved_at IS NULL ORDER BY review_id LIMIT $1)
    UNION ALL
    (SELECT 'change', '', created_at FROM change_feed WHERE last_position IS NULL ORDER BY feed_id LIMIT $1)
    UNION ALL
    (SELECT 'outgoing', '', outgoing_webhooks.created_at FROM outgoing_webhook_endpoints
     JOIN outgoing_webhooks USING (endpoint_id)
     WHERE is_enabled AND state = 'pending' LIMIT $1)
    UNION ALL
    (SELECT 'dead', '', created_at FROM outgoing_webhooks WHERE state = 'dead' ORDER BY queue_number LIMIT $1)
    UNION ALL
    (SELECT 'erasure', '', requested_at FROM erasures WHERE user_id IS NOT NULL LIMIT $1)
  )
  SELECT kind, reason, count(*)::int AS count,
    greatest(0, extract(epoch FROM clock_timestamp() - min(since)))::float8 AS "ageS"
  FROM waiting GROUP BY kind, reason`

/**
 * Counts what waits.
 *
 * @returns one entry per kind that has waiting rows.
 * @throws the database's errors.
 * @example
 * await readBacklog(pool) //=> []
 */
export async function readBacklog(pool: Pool): Promise<Backlog[]> {
  const { rows } = await pool.query<Backlog>(READ_BACKLOG, [BACKLOG_COUNT_MAX])
  return rows
}
