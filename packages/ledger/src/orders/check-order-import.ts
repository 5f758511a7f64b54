import { roundTrip } from '@paxyo/database'
import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { providerOrderKey, providerOrderOf } from '../model/provider-order.ts'
import { orderImportResult, type ImportedOrder, type OrderImportResult } from './import-orders.ts'
import { readImportMatches, type ImportMatches } from './read-import.ts'
import { isSameOrder } from './registration.ts'

/** What the database has of a batch. */
interface Stored extends ImportMatches {
  readonly currencyByUserId: ReadonlyMap<string, string>
}

const NOTHING_STORED: Stored = {
  ordersById: new Map(),
  firstById: new Map(),
  ordersByProviderOrder: new Map(),
  currencyByUserId: new Map(),
}

/**
 * Checks batches of orders as {@link importOrders} would import them one after the other, and changes nothing. Of each
 * order only its ids and a digest stay in memory.
 *
 * @param pool the database to compare with; without one, only the rows are compared with each other.
 * @returns a function that returns the result of each order of the next batch.
 * @example
 * const earlier = { status: 'completed', remains: 0, startCount: 10, refundedElsewhere: 0n, createdAt: undefined } as const
 * const check = createOrderImportCheck(pool)
 * await check([{ ...order, ...earlier }]) //=> ['imported']
 */
export function createOrderImportCheck(
  pool: Pool | undefined,
): (orders: readonly ImportedOrder[]) => Promise<OrderImportResult[]> {
  const digestByOrderId = new Map<string, string>()
  const takenProviderOrders = new Set<string>()
  const currencyByUserId = new Map<string, string>()

  function check(stored: Stored, from: ImportedOrder): OrderImportResult {
    const { orderId, userId, currency } = from
    const providerOrder = providerOrderOf(from)
    const key = providerOrder && providerOrderKey(providerOrder)
    const digest = digestOf(from)
    const there = stored.ordersById.get(orderId)
    const earlier = digestByOrderId.get(orderId)
    const isSameRow = earlier === undefined ? undefined : earlier === digest
    const result = orderImportResult(
      {
        isSame: there === undefined ? isSameRow : isSameOrder(there, from, stored.firstById.get(orderId)),
        isTaken: key !== undefined && (takenProviderOrders.has(key) || stored.ordersByProviderOrder.has(key)),
        accountCurrency: stored.currencyByUserId.get(userId) ?? currencyByUserId.get(userId),
      },
      from,
    )
    if (result !== 'imported') return result
    digestByOrderId.set(orderId, digest)
    if (key !== undefined) takenProviderOrders.add(key)
    currencyByUserId.set(userId, currency)
    return result
  }

  return async (orders) => {
    const stored = pool === undefined ? NOTHING_STORED : await readStored(pool, orders)
    return orders.map((order) => check(stored, order))
  }
}

/** The details that make two orders the same: see {@link isSameOrder}. */
function digestOf(order: ImportedOrder): string {
  const { provider, providerOrderId, userId, service, link, quantity, charge } = order
  const { runs = 1, intervalMinutes = null } = order
  const details = [provider, providerOrderId, userId, service, link, quantity, runs, intervalMinutes, String(charge)]
  return createHash('sha256').update(JSON.stringify(details)).digest('base64').slice(0, 22)
}

const READ_CURRENCIES = `SELECT user_id, currency FROM accounts WHERE user_id = ANY($1::text[])`

async function readStored(pool: Pool, orders: readonly ImportedOrder[]): Promise<Stored> {
  const client = await pool.connect()
  try {
    const userIds = [...new Set(orders.map(({ userId }) => userId))]
    const [matches, { rows }] = await roundTrip([
      readImportMatches(client, orders),
      client.query<{ user_id: string; currency: string }>(READ_CURRENCIES, [userIds]),
    ])
    return { ...matches, currencyByUserId: new Map(rows.map((row) => [row.user_id, row.currency])) }
  } finally {
    client.release()
  }
}
