import type { Pool } from 'pg'

/** The maximum number of rows that one statement deletes. */
const DELETE_MAX = 5_000

// Positions follow time closely, but not exactly: a transaction may begin before another one and get its position after it.
// Deleting ends with the first row that is young enough, so that those that are kept have no gap.
const DELETE_SOME = `
  WITH oldest AS (
    SELECT last_position, bool_and(created_at < $1) OVER (ORDER BY last_position) AS are_old
    FROM (
      SELECT last_position, created_at FROM change_feed
      WHERE last_position IS NOT NULL ORDER BY last_position LIMIT ${DELETE_MAX}
    ) AS first
  ), deleted AS (
    DELETE FROM change_feed USING oldest
    WHERE change_feed.last_position = oldest.last_position AND are_old
    RETURNING change_feed.last_position
  )
  UPDATE change_feed_head SET deleted_position = greatest(deleted_position, deleted.newest)
  FROM (SELECT max(last_position) AS newest, count(*)::int AS count FROM deleted) AS deleted
  WHERE deleted.newest IS NOT NULL
  RETURNING deleted.count`

/**
 * Deletes changes from before a time, as the owner. Readers whose cursor is older than what is kept learn that from the
 * position of the last deleted change.
 */
export async function deleteOldChanges(pool: Pool, before: Date): Promise<void> {
  for (let count = DELETE_MAX; count === DELETE_MAX;) {
    const { rows } = await pool.query<{ count: number }>(DELETE_SOME, [before])
    count = rows[0]?.count ?? 0
  }
}
