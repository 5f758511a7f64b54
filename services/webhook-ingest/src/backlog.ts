import type { Pool } from 'pg'

/** Work of one kind that waits in the database. */
export interface Backlog {
  readonly kind: 'outbox' | 'parked' | 'unverified' | 'review'
  /** The reason of a review; empty for other kinds. */
  readonly reason: string
  readonly count: number
  /** How long the oldest has been waiting. */
  readonly ageS: number
}

/** At most this many rows of each kind are counted, so that the cost of a scrape is bounded. */
export const BACKLOG_COUNT_MAX = 10_000

// Each part reads an index, starting at its oldest row; ids sort by creation time.
const READ_BACKLOG = `
  WITH waiting AS (
    (SELECT 'outbox' AS kind, '' AS reason, created_at AS since FROM outbox ORDER BY batch_id LIMIT $1)
    UNION ALL
    (SELECT 'parked', '', received_at FROM deliveries WHERE outcome = 'parked' ORDER BY received_at LIMIT $1)
    UNION ALL
    (SELECT 'unverified', '', created_at FROM verifications WHERE settled_at IS NULL ORDER BY due_at LIMIT $1)
    UNION ALL
    (SELECT 'review', reason, opened_at FROM reviews WHERE resolved_at IS NULL ORDER BY review_id LIMIT $1)
  )
  SELECT kind, reason, count(*)::int AS count,
    greatest(0, extract(epoch FROM clock_timestamp() - min(since)))::float8 AS "ageS"
  FROM waiting GROUP BY kind, reason`

/**
 * @returns one entry per kind that has waiting rows.
 * @throws the database's errors.
 */
export async function readBacklog(pool: Pool): Promise<Backlog[]> {
  const { rows } = await pool.query<Backlog>(READ_BACKLOG, [BACKLOG_COUNT_MAX])
  return rows
}
