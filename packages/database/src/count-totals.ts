import type { Pool } from 'pg'
import { transaction } from './transaction.ts'

const ACCOUNTS_PER_BATCH = 500

interface Selection {
  readonly find: string
  readonly lock: string
}

// The ledger takes the same locks in the same order.
const select = (condition: string, locked = ''): Selection => ({
  find: `SELECT user_id FROM accounts WHERE user_id > $1 AND ${condition} ORDER BY user_id LIMIT ${ACCOUNTS_PER_BATCH}`,
  lock: `SELECT user_id FROM accounts WHERE user_id = ANY($1::text[]) AND ${condition}
    ORDER BY user_id FOR NO KEY UPDATE ${locked}`,
})

const UNCOUNTED = select('totals_seq <> last_seq', 'SKIP LOCKED')
const ALL = select('true')

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
  WHERE accounts.user_id = counted.user_id
    AND (accounts.totals_seq, accounts.refunded, accounts.order_counts)
      IS DISTINCT FROM (accounts.last_seq, counted.refunded, counted.order_counts)`

/**
 * Counts the totals of the accounts that have none yet, in short transactions. An account that is locked is left to its
 * next change, which counts them, too.
 *
 * @returns the number of accounts.
 */
export function countTotals(pool: Pool): Promise<number> {
  return countSelected(pool, UNCOUNTED)
}

/**
 * Counts the totals of all accounts again, in short transactions, and corrects those that are wrong: a version that knew no
 * totals has imported orders while a later one was running.
 *
 * @returns the number of corrected accounts.
 * @example
 * await recountTotals(pool) //=> 0
 */
export function recountTotals(pool: Pool): Promise<number> {
  return countSelected(pool, ALL)
}

async function countSelected(pool: Pool, { find, lock }: Selection): Promise<number> {
  let count = 0
  for (let after = ''; ;) {
    const { rows } = await pool.query<{ user_id: string }>(find, [after])
    const last = rows.at(-1)
    if (last === undefined) return count
    count += await countBatch(
      pool,
      lock,
      rows.map((row) => row.user_id),
    )
    after = last.user_id
  }
}

function countBatch(pool: Pool, lock: string, userIds: readonly string[]): Promise<number> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ user_id: string }>(lock, [userIds])
    const { rowCount } = await client.query(COUNT_TOTALS, [rows.map((row) => row.user_id)])
    return rowCount ?? 0
  })
}
