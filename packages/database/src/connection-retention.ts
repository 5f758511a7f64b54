import type { Pool } from 'pg'

/** Longer than any token is valid: a revoked token must not become valid again. */
const CUTOFF_RETENTION_DAYS = 400
/** As long as the events that they are about. */
const RECEIPT_RETENTION_DAYS = 7
/** A gateway accepts a token for a minute after it has expired. */
const EXPIRED_TOKEN_RETENTION_DAYS = 1
/** Rows that one statement deletes. */
const BATCH_ROWS = 10_000

const TABLES = {
  receipts: 'seen_at',
  sent_positions: 'sent_at',
  connection_cutoffs: 'set_at',
  revoked_tokens: 'expires_at',
} as const

/**
 * Deletes receipts of events that are no longer kept, cutoffs that no token can be older than, and
 * revocations of tokens that have expired. To be run daily, as the
 * owner.
 *
 * @returns how many rows were deleted.
 * @example
 * await pruneReceipts(ownerPool) //=> 0
 */
export async function pruneReceipts(pool: Pool, eventDays = RECEIPT_RETENTION_DAYS): Promise<number> {
  // One more, because partitions of events end at midnight.
  const days = {
    receipts: eventDays + 1,
    sent_positions: eventDays + 1,
    connection_cutoffs: CUTOFF_RETENTION_DAYS,
    revoked_tokens: EXPIRED_TOKEN_RETENTION_DAYS,
  }
  let total = 0
  for (const [table, time] of Object.entries(TABLES)) {
    total += await deleteOld(pool, table, time, days[table as keyof typeof TABLES])
  }
  return total
}

async function deleteOld(pool: Pool, table: string, time: string, days: number): Promise<number> {
  const statement = `
    DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
      SELECT ctid FROM ${table} WHERE ${time} < now() - $1 * interval '1 day' LIMIT $2))`
  for (let total = 0; ;) {
    const { rowCount } = await pool.query(statement, [days, BATCH_ROWS])
    total += rowCount ?? 0
    if ((rowCount ?? 0) < BATCH_ROWS) return total
  }
}
