import { roundTrip } from '@paxyo/database'
import type { PoolClient } from 'pg'
import type { Account, Order } from '../model/working-set.ts'
import { ORDER_COLUMNS, toAccount, toOrder, type AccountRow, type OrderRow } from '../transaction/read-working-set.ts'

const LOCK_ACCOUNT_OF_ORDER = `
  SELECT user_id, currency, balance, last_seq FROM accounts
  WHERE user_id = (SELECT user_id FROM orders WHERE order_id = $1)
  FOR NO KEY UPDATE`
// A separate statement after the lock, so that it sees the commits of the lock's previous holders.
const READ_ORDER = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = $1`

/**
 * Locks the account of an order, by the panel's id, and reads both. Sends its statements at once.
 *
 * @returns undefined when there is no such order.
 */
export async function lockOrder(
  client: PoolClient,
  orderId: string,
): Promise<{ readonly order: Order; readonly account: Account } | undefined> {
  const [accounts, orders] = await roundTrip([
    client.query<AccountRow>(LOCK_ACCOUNT_OF_ORDER, [orderId]),
    client.query<OrderRow>(READ_ORDER, [orderId]),
  ])
  const [account, order] = [accounts.rows[0], orders.rows[0]]
  return account && order && { account: toAccount(account), order: toOrder(order) }
}
