import type { Pool } from 'pg'

/** Calls of one group: their transaction holds the end of the audit log for milliseconds. */
const CALLS_MAX = 1_000

const CHAIN = `
  SELECT chain_audit_calls($1) AS calls FROM (SELECT at FROM audit_calls ORDER BY call_id LIMIT 1) AS oldest
  WHERE at <= clock_timestamp() - $2::float8 * interval '1 millisecond'`

/**
 * Chains the recorded calls: each group gets an entry of the audit log. While another process does it, this one leaves it to that.
 *
 * @param minAgeMs chains nothing while the oldest call is younger, so that several processes make no more groups than one.
 * @returns how many calls were chained.
 * @example
 * await chainAuditCalls(pool) //=> 0
 */
export async function chainAuditCalls(pool: Pick<Pool, 'query'>, minAgeMs = 0): Promise<number> {
  for (let total = 0; ;) {
    const { rows } = await pool.query<{ calls: number }>(CHAIN, [CALLS_MAX, minAgeMs])
    const calls = rows[0]?.calls ?? 0
    if (calls === 0) return total
    total += calls
  }
}
