import type { OrderStatus } from '@paxyo/contracts'
import { RolledBackError } from '@paxyo/database'
import { parseMoney } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { Totals } from '../model/totals.ts'
import type { Account, LockedAccount } from '../model/working-set.ts'

export interface AccountRow {
  readonly user_id: string
  readonly currency: string
  readonly balance: string
  readonly last_seq: number
  readonly balance_mode: string
}

/**
 * Reads an account from its row.
 *
 * @example
 * toAccount({ user_id: 'ann', currency: 'USD', balance: '2.50000000', last_seq: 3, balance_mode: 'kept' }).balance //=> 250_000_000n
 */
export function toAccount(row: AccountRow): Account {
  const { user_id: userId, currency, balance, last_seq: lastSeq, balance_mode } = row
  const mode = balance_mode === 'kept' ? 'kept' : 'external'
  return { userId, currency, balance: parseMoney(balance), lastSeq, mode }
}

/** The columns that a transaction needs of an account that it changes. */
export const LOCKED_ACCOUNT_COLUMNS = `user_id, currency, balance, balance_mode, last_seq, refunded, order_counts, totals_seq`

export interface LockedAccountRow extends AccountRow {
  readonly refunded: string
  readonly order_counts: Totals['orders']
  readonly totals_seq: number
}

const COUNT_ORDERS = `
  SELECT user_id, status, count(*) AS count, sum(refunded) AS refunded FROM orders
  WHERE user_id = ANY($1::text[]) GROUP BY user_id, status`

/**
 * Reads locked accounts from their rows, by user id. Totals that are missing, or older than the account because a service
 * of an earlier version has changed it, are counted: the locks keep the orders from changing.
 */
export async function toLockedAccounts(
  client: PoolClient,
  rows: readonly LockedAccountRow[],
): Promise<Map<string, LockedAccount>> {
  const uncounted = rows.filter((row) => row.totals_seq !== row.last_seq).map((row) => row.user_id)
  const counted = uncounted.length === 0 ? new Map<string, Totals>() : await countOrders(client, uncounted)
  return new Map(
    rows.map((row) => {
      const kept = { refunded: parseMoney(row.refunded), orders: row.order_counts }
      return [row.user_id, { ...toAccount(row), totals: counted.get(row.user_id) ?? kept }]
    }),
  )
}

/**
 * The account of an order, of the rows that were locked for the order.
 *
 * @throws RolledBackError when it is not there: since the lock was requested, an erasure has renamed the user, or the order was
 *   registered. The work must be run again.
 */
export async function lockedAccountOf(
  client: PoolClient,
  userId: string,
  locked: readonly LockedAccountRow[],
): Promise<LockedAccount> {
  const account = (await toLockedAccounts(client, locked)).get(userId)
  if (account === undefined) throw new RolledBackError('the account of an order has changed meanwhile')
  return account
}

interface CountRow {
  readonly user_id: string
  readonly status: OrderStatus
  readonly count: number
  readonly refunded: string
}

async function countOrders(client: PoolClient, userIds: readonly string[]): Promise<Map<string, Totals>> {
  const { rows } = await client.query<CountRow>(COUNT_ORDERS, [userIds])
  const byUserId = Map.groupBy(rows, (row) => row.user_id)
  return new Map(
    userIds.map((userId) => {
      const counts = byUserId.get(userId) ?? []
      const refunded = counts.reduce((sum, row) => sum + parseMoney(row.refunded), 0n)
      return [userId, { refunded, orders: Object.fromEntries(counts.map(({ status, count }) => [status, count])) }]
    }),
  )
}
