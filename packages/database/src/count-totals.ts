import type { Pool } from 'pg'
import { transaction } from './transaction.ts'

const ACCOUNTS_PER_BATCH = 500

const FIND_ACCOUNTS = `
  SELECT user_id FROM accounts WHERE user_id > $1 AND totals_seq <> last_seq ORDER BY user_id LIMIT ${ACCOUNTS_PER_BATCH}`

// The ledger takes the same locks in the same order.
const LOCK_ACCOUNTS = `
  SELECT user_id FROM accounts WHERE user_id = ANY($1::text[]) AND totals_seq <> last_seq
  ORDER BY user_id FOR NO KEY UPDATE SKIP LOCKED`

// A separate statement after the lock, so that it sees the commits of the lock's previous holders.
const COUNT_TOTALS = `
  UPDATE accounts SET refunded = counted.refunded, order_counts = counted.order_counts, totals_seq = last_seq
  FROM (
    SELECT user_id, coalesce(sum(refunded), 0) AS refunded,
      coalesce(jsonb_object_agg(status, count) FILTER (WHERE status IS NOT NULL), '{}') AS order_counts
    FROM (
      SELECT wanted.user_id, orders.status, count(*) AS count, sum(orders.refunded) AS refunded
      FROM unnest($1::text[]) AS wanted (user_id) LEFT JOIN orders USING (user_id)
      GROUP BY wanted.user_id, orders.status
    ) AS by_status
    GROUP BY user_id
  ) AS counted
  WHERE accounts.user_id = counted.user_id`

/**
 * Counts the totals of the accounts that have none yet, in short transactions. An account that is locked is left to its
 * next change, which counts them, too.
 *
 * @returns the number of accounts.
 */
export async function countTotals(pool: Pool): Promise<number> {
  let count = 0
  for (let after = ''; ;) {
    const { rows } = await pool.query<{ user_id: string }>(FIND_ACCOUNTS, [after])
    const last = rows.at(-1)
    if (last === undefined) return count
    count += await countBatch(
      pool,
      rows.map((row) => row.user_id),
    )
    after = last.user_id
  }
}

function countBatch(pool: Pool, userIds: readonly string[]): Promise<number> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ user_id: string }>(LOCK_ACCOUNTS, [userIds])
    await client.query(COUNT_TOTALS, [rows.map((row) => row.user_id)])
    return rows.length
  })
}
