import type { Pool } from 'pg'

/** How long a request that is not replayed is kept. */
const REJECTED_RETENTION_DAYS = 30
/** Rows that one statement deletes. */
const BATCH_ROWS = 1_000

const DELETE_OLD = `
  DELETE FROM rejected_requests WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM rejected_requests WHERE last_received_at < now() - $1 * interval '1 day' LIMIT $2))`

/**
 * Deletes rejected requests whose retention has ended. To be run daily, as the owner.
 *
 * @returns how many were deleted.
 * @example
 * await pruneRejectedRequests(ownerPool) //=> 0
 */
export async function pruneRejectedRequests(pool: Pool, retentionDays = REJECTED_RETENTION_DAYS): Promise<number> {
  for (let total = 0; ;) {
    const { rowCount } = await pool.query(DELETE_OLD, [retentionDays, BATCH_ROWS])
    total += rowCount ?? 0
    if ((rowCount ?? 0) < BATCH_ROWS) return total
  }
}
