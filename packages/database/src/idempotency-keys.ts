import type { Pool } from 'pg'

/** How long an answer is kept at least, so that a request may be sent again. Twice what the API promises. */
const RETENTION_HOURS = 48
/** Rows that one statement deletes. */
const BATCH_ROWS = 10_000

const DELETE_OLD = `
  DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < now() - $1 * interval '1 hour' LIMIT $2))`

/**
 * Forgets idempotency keys that nobody will use again. To be run daily, as the owner.
 *
 * @returns how many answers were forgotten.
 */
export async function pruneIdempotencyKeys(pool: Pool): Promise<number> {
  for (let total = 0; ;) {
    const { rowCount } = await pool.query(DELETE_OLD, [RETENTION_HOURS, BATCH_ROWS])
    total += rowCount ?? 0
    if ((rowCount ?? 0) < BATCH_ROWS) return total
  }
}
