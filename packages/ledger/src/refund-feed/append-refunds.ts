import type { Pool } from 'pg'
import { appendPositions, type AppendStatements } from '../feed/append-positions.ts'

const COMMITS_MAX = 1000

/** Each row is a commit, and its refunds each have a position. */
export const REFUND_STATEMENTS: AppendStatements = {
  name: 'refund',
  isAnyWaiting: 'SELECT EXISTS (SELECT FROM refund_feed WHERE last_position IS NULL) AS waiting',
  lock: `SELECT pg_advisory_xact_lock(hashtext('paxyo refund feed'))`,
  append: `
    WITH waiting AS (
      SELECT feed_id, cardinality(entry_ids) AS refund_count FROM refund_feed
      WHERE last_position IS NULL ORDER BY feed_id LIMIT ${COMMITS_MAX}
    ), placed AS (
      SELECT feed_id, (SELECT coalesce(max(last_position), 0) FROM refund_feed)
        + sum(refund_count) OVER (ORDER BY feed_id) AS last_position
      FROM waiting
    ), moved AS (
      UPDATE refund_feed SET last_position = placed.last_position FROM placed
      WHERE refund_feed.feed_id = placed.feed_id
      RETURNING refund_feed.feed_id
    )
    SELECT count(*)::int AS count FROM moved`,
  rowsMax: COMMITS_MAX,
}

/**
 * Gives positions at the end of the feed to all refunds that were committed since the last call.
 *
 * @returns how many commits were appended.
 */
export const appendRefunds = (pool: Pool): Promise<number> => appendPositions(pool, REFUND_STATEMENTS)
