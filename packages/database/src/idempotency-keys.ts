import type { Pool } from 'pg'

/** How long a response is kept at least, for retries of its request. Twice the time that the API documents. */
const RETENTION_HOURS = 48
/** The number of rows that one statement deletes. */
const BATCH_ROWS = 10_000

const DELETE_OLD = `
  DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < now() - $1 * interval '1 hour' LIMIT $2))`

/**
 * Deletes expired idempotency keys. Runs daily, as the owner.
 *
 * @returns how many keys were deleted.
 * @example
 * await pruneIdempotencyKeys(ownerPool) //=> 0
 */
export async function pruneIdempotencyKeys(pool: Pool): Promise<number> {
  for (let total = 0; ;) {
    const { rowCount } = await pool.query(DELETE_OLD, [RETENTION_HOURS, BATCH_ROWS])
    total += rowCount ?? 0
    if ((rowCount ?? 0) < BATCH_ROWS) return total
  }
}
