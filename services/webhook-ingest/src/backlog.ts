import type { Pool } from 'pg'

/** What waits in the database, and how long the oldest of it has been waiting. */
export interface Backlog {
  readonly kind: 'outbox' | 'parked' | 'unverified' | 'rejected' | 'review'
  /** Why, when it is a review. */
  readonly reason: string
  readonly count: number
  readonly ageS: number
}

/** No more rows than this of each kind are counted, so that a scrape costs the same on the worst day. */
export const BACKLOG_COUNT_MAX = 10_000

// Each part walks an index from its oldest row on; ids sort by the time they were made.
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
  )
  SELECT kind, reason, count(*)::int AS count,
    greatest(0, extract(epoch FROM clock_timestamp() - min(since)))::float8 AS "ageS"
  FROM waiting GROUP BY kind, reason`

/** @throws the database's errors. Kinds of which nothing waits are not there. */
export async function readBacklog(pool: Pool): Promise<Backlog[]> {
  const { rows } = await pool.query<Backlog>(READ_BACKLOG, [BACKLOG_COUNT_MAX])
  return rows
}
