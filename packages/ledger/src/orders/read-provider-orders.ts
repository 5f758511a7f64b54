import type { Pool } from 'pg'

const READ = `
  SELECT provider_order_id AS id FROM orders WHERE user_id = $1 AND provider_order_id IS NOT NULL
  UNION ALL
  SELECT former_provider_order_id FROM provider_order_changes JOIN orders USING (order_id)
  WHERE user_id = $1 AND former_provider_order_id IS NOT NULL
  LIMIT $2`

/**
 * The provider orders that a user's orders have, and have had, by the providers' ids: the user's deliveries are found by them.
 *
 * @returns undefined when there are more than `countMax`.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * await readProviderOrdersOfUser(pool, 'ann', 10) //=> ['12345']
 * await readProviderOrdersOfUser(pool, 'ann', 0) //=> undefined
 */
export async function readProviderOrdersOfUser(
  pool: Pick<Pool, 'query'>,
  userId: string,
  countMax: number,
): Promise<readonly string[] | undefined> {
  const { rows } = await pool.query<{ id: string }>(READ, [userId, countMax + 1])
  return rows.length > countMax ? undefined : rows.map(({ id }) => id)
}
