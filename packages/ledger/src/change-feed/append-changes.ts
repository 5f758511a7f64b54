import type { Pool } from 'pg'
import { appendPositions, type AppendStatements } from '../feed/append-positions.ts'

const COMMITS_MAX = 5000

/** Each row is a commit, and its changes each have a position. */
const CHANGE_STATEMENTS: AppendStatements = {
  name: 'change',
  isAnyWaiting: 'SELECT EXISTS (SELECT FROM change_feed WHERE last_position IS NULL) AS waiting',
  lock: 'SELECT FROM change_feed_head FOR UPDATE',
  append: `
    WITH waiting AS (
      SELECT feed_id, coalesce(cardinality(user_ids), cardinality(review_ids)) AS size FROM change_feed
      WHERE last_position IS NULL ORDER BY feed_id LIMIT ${COMMITS_MAX}
    ), placed AS (
      SELECT feed_id, (SELECT position FROM change_feed_head) + sum(size) OVER (ORDER BY feed_id) AS last_position
      FROM waiting
    ), moved AS (
      UPDATE change_feed SET last_position = placed.last_position FROM placed
      WHERE change_feed.feed_id = placed.feed_id AND change_feed.last_position IS NULL
      RETURNING change_feed.last_position
    ), head AS (
      UPDATE change_feed_head SET position = moved.position
      FROM (SELECT max(last_position) AS position FROM moved) AS moved WHERE moved.position IS NOT NULL
    )
    SELECT count(*)::int AS count FROM moved`,
  rowsMax: COMMITS_MAX,
}

/**
 * Gives positions at the end of the changes feed to all changes that were committed since the last call. A user's changes
 * keep the order of their seqs.
 *
 * @returns how many commits were appended.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * await appendChanges(pool) //=> 1
 */
export function appendChanges(pool: Pool): Promise<number> {
  return appendPositions(pool, CHANGE_STATEMENTS)
}
