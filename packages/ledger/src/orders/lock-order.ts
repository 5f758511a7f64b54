import { roundTrip } from '@paxyo/database'
import type { PoolClient } from 'pg'
import { LOCKED_ACCOUNT_COLUMNS, lockedAccountOf, type LockedAccountRow } from '../transaction/account-rows.ts'
import type { LockedAccount, Order } from '../model/working-set.ts'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'

const LOCK_ACCOUNT_OF_ORDER = `
  SELECT ${LOCKED_ACCOUNT_COLUMNS} FROM accounts
  WHERE user_id = (SELECT user_id FROM orders WHERE order_id = $1)
  FOR NO KEY UPDATE`
// A separate statement after the lock, so that it sees the commits of the lock's previous holders.
const READ_ORDER = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = $1`

/**
 * Locks the account of an order, by the panel's id, and reads both. Sends its statements at once.
 *
 * @returns undefined when there is no such order.
 * @throws RolledBackError when the work must be run again: see {@link lockedAccountOf}.
 */
export async function lockOrder(
  client: PoolClient,
  orderId: string,
): Promise<{ readonly order: Order; readonly account: LockedAccount } | undefined> {
  const [accounts, orders] = await roundTrip([
    client.query<LockedAccountRow>({ name: 'lock_account_of_order', text: LOCK_ACCOUNT_OF_ORDER, values: [orderId] }),
    client.query<OrderRow>({ name: 'read_order', text: READ_ORDER, values: [orderId] }),
  ])
  const [row] = orders.rows
  if (row === undefined) return undefined
  const order = toOrder(row)
  return { order, account: await lockedAccountOf(client, order.userId, accounts.rows) }
}
