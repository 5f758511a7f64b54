import { OPEN_STATUSES, type ErrorCode, type OrderStatus } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { formatMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { emptyAccount, insertAccounts, lockAccounts } from '../accounts/lock-accounts.ts'
import { applyDelivery } from '../deliveries/apply-delivery.ts'
import { readWaitingDeliveries } from '../deliveries/read-waiting.ts'
import type { Delivery } from '../model/delivery.ts'
import { providerOrderKey, providerOrderOf, uniqueProviderOrders } from '../model/provider-order.ts'
import { noSettledDeliveries, type LockedAccount, type Order, type WorkingSet } from '../model/working-set.ts'
import { commitImport, type ImportDeps } from '../transaction/commit-import.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { lockProviderOrders, readClock } from '../transaction/read-working-set.ts'
import { recordRegistration, recordStored } from '../transaction/record-event.ts'
import { readImportMatches, type ImportMatches } from './read-import.ts'
import { isSameOrder, newOrder, type OrderDetails } from './registration.ts'

/** An order of the previous system, in the state that it had there. */
export interface ImportedOrder extends OrderDetails {
  readonly status: OrderStatus
  readonly remains: number | null
  readonly startCount: number | null
  /** The amount that the other system has refunded; at most the charge. It is never refunded again. */
  readonly refundedElsewhere: Money
  /** When it was ordered; the time of the import when undefined. */
  readonly createdAt: Date | undefined
}

export type OrderImportResult =
  | 'imported'
  | 'already_there'
  | Extract<ErrorCode, 'order_conflict' | 'provider_order_taken' | 'currency_mismatch'>

/**
 * Imports a batch of orders, in one transaction: opens the accounts of new users and applies the deliveries that have
 * been waiting for these orders. Importing an order again changes nothing, even if its state has changed since. An open
 * order also becomes an event of its user; a final one is only stored.
 *
 * @returns the result of each order; a rejected one changes nothing.
 * @throws the database's errors after the last attempt.
 * @example
 * const earlier = { status: 'completed', remains: 0, startCount: 10, refundedElsewhere: 0n, createdAt: undefined } as const
 * await importOrders(ledger, [{ ...order, ...earlier }]) //=> ['imported']
 */
export function importOrders(deps: ImportDeps, orders: readonly ImportedOrder[]): Promise<OrderImportResult[]> {
  return commitImport(deps, async (tx) => {
    const known = await readKnown(tx, orders)
    const results = orders.map((order) => importOne(tx, known, order))
    await insertAccounts(tx.client, known.opened)
    await insertOrders(tx.client, known)
    for (const order of known.imported) announceAndApply(tx, known, order)
    return results
  })
}

interface Known extends Pick<ImportMatches, 'ordersById' | 'firstById'> {
  readonly working: WorkingSet
  /** By {@link providerOrderKey}. */
  readonly waitingByProviderOrder: ReadonlyMap<string, readonly Delivery[]>
  /** New orders, in the state of the other system. */
  readonly imported: Order[]
  /** Accounts of users whose first order is among them. */
  readonly opened: LockedAccount[]
}

async function readKnown(tx: LedgerTransaction, orders: readonly ImportedOrder[]): Promise<Known> {
  const { client } = tx
  const providerOrders = uniqueProviderOrders(orders.flatMap((order) => providerOrderOf(order) ?? []))
  const userIds = [...new Set(orders.map(({ userId }) => userId))]
  const [, accountsByUserId, matches, waitingByProviderOrder, at] = await roundTrip([
    lockProviderOrders(client, providerOrders),
    lockAccounts(client, userIds),
    readImportMatches(client, orders),
    readWaitingDeliveries(client, providerOrders),
    readClock(tx),
  ])
  const { ordersById, firstById, ordersByProviderOrder } = matches
  const working = { at, accountsByUserId, ordersByProviderOrder, ...noSettledDeliveries() }
  return { working, ordersById, firstById, waitingByProviderOrder, imported: [], opened: [] }
}

/** What is there already that an order could conflict with. */
export interface OrderConflicts {
  /** Whether the order with the same panel id has the same details; undefined when there is none. */
  readonly isSame: boolean | undefined
  /** Whether another order has the provider's id. */
  readonly isTaken: boolean
  /** The currency of the user's account; undefined when the user has none. */
  readonly accountCurrency: string | undefined
}

/** The result of importing one order. */
export function orderImportResult(
  { isSame, isTaken, accountCurrency }: OrderConflicts,
  { currency }: Pick<ImportedOrder, 'currency'>,
): OrderImportResult {
  if (isSame !== undefined) return isSame && accountCurrency === currency ? 'already_there' : 'order_conflict'
  if (isTaken) return 'provider_order_taken'
  return accountCurrency === undefined || accountCurrency === currency ? 'imported' : 'currency_mismatch'
}

function importOne(
  { accountMode }: LedgerTransaction,
  { working, ordersById, firstById, imported, opened }: Known,
  from: ImportedOrder,
): OrderImportResult {
  const account = working.accountsByUserId.get(from.userId)
  const there = ordersById.get(from.orderId)
  const providerOrder = providerOrderOf(from)
  const key = providerOrder && providerOrderKey(providerOrder)
  const result = orderImportResult(
    {
      isSame: there && isSameOrder(there, from, firstById.get(there.orderId)),
      isTaken: key !== undefined && working.ordersByProviderOrder.has(key),
      accountCurrency: account?.currency,
    },
    from,
  )
  if (result !== 'imported') return result

  if (account === undefined) {
    const empty = emptyAccount(from.userId, from.currency, accountMode)
    working.accountsByUserId.set(from.userId, empty)
    opened.push(empty)
  }
  const order = toOrder(from, working.at)
  ordersById.set(order.orderId, order)
  if (key !== undefined) working.ordersByProviderOrder.set(key, order)
  imported.push(order)
  return result
}

/** Records the event of an order that is still open, and applies the deliveries that have been waiting for it. */
function announceAndApply(tx: LedgerTransaction, { working, waitingByProviderOrder }: Known, order: Order): void {
  const { changes } = tx
  if (isOpen(order)) {
    recordRegistration(working, changes, order, working.accountsByUserId.get(order.userId)!)
    // It is inserted already; only the changes of the deliveries remain to be written.
    changes.registeredOrderIds.delete(order.orderId)
    changes.orders.delete(order.orderId)
  } else recordStored(working, changes, order)
  const providerOrder = providerOrderOf(order)
  if (providerOrder === undefined) return
  for (const delivery of waitingByProviderOrder.get(providerOrderKey(providerOrder)) ?? []) {
    applyDelivery(working, changes, delivery, tx)
  }
}

const isOpen = ({ status }: Order): boolean => OPEN_STATUSES.some((open) => open === status)

function toOrder(from: ImportedOrder, at: Date): Order {
  const { status, remains, startCount, refundedElsewhere: refunded } = from
  return { ...newOrder(from, from.createdAt ?? at), status, remains, startCount, refunded }
}

const INSERT_IMPORTED_ORDERS = `
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, refunded_elsewhere, runs, run_interval, created_at, updated_at)
  SELECT order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, refunded, runs, run_interval, at, at
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::numeric[],
    $9::text[], $10::bigint[], $11::bigint[], $12::numeric[], $13::timestamptz[],
    $14::integer[], $15::integer[])
    AS imported (order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
      status, remains, start_count, refunded, at, runs, run_interval)`

async function insertOrders(client: PoolClient, { imported: orders }: Known): Promise<void> {
  if (orders.length === 0) return
  await client.query({
    name: 'insert_imported_orders',
    text: INSERT_IMPORTED_ORDERS,
    values: [
      orders.map((order) => order.orderId),
      orders.map((order) => order.provider),
      orders.map((order) => order.providerOrderId),
      orders.map((order) => order.userId),
      orders.map((order) => order.service),
      orders.map((order) => order.link),
      orders.map((order) => order.quantity),
      orders.map((order) => formatMoney(order.charge)),
      orders.map((order) => order.status),
      orders.map((order) => order.remains),
      orders.map((order) => order.startCount),
      orders.map((order) => formatMoney(order.refunded)),
      orders.map((order) => order.updatedAt),
      orders.map((order) => order.runs),
      orders.map((order) => order.intervalMinutes),
    ],
  })
}
