import { OPEN_STATUSES, type ErrorCode, type OrderStatus } from '@paxyo/contracts'
import { roundTrip } from '@paxyo/database'
import { PROVIDER } from '@paxyo/godofpanel'
import { formatMoney, type Money } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { emptyAccount, insertAccounts, lockAccounts } from '../accounts/lock-accounts.ts'
import { applyDelivery, type ApplyRules } from '../deliveries/apply-delivery.ts'
import { recordRegistration } from '../transaction/record-event.ts'
import { noSettledDeliveries, type Account, type Books, type Order } from '../model/working-set.ts'
import type { Changes } from '../model/change-set.ts'
import { commitImport, type ImportDeps } from '../transaction/commit-import.ts'
import { lockProviderOrders, readClock, readOrders } from '../transaction/read-working-set.ts'
import type { Delivery } from '../model/delivery.ts'
import { isSameOrder, newOrder } from './new-order.ts'
import { readOrdersById, readParkedDeliveries } from './read-known.ts'
import type { Registration } from '@paxyo/panel-client'

/** An order of the system that was there before, as far as that system brought it. */
export interface ImportedOrder extends Omit<Registration, 'payment'> {
  readonly status: OrderStatus
  readonly remains: number | null
  readonly startCount: number | null
  /** What the other system has paid back; at most the charge. It is never paid again. */
  readonly refundedElsewhere: Money
  /** When it was ordered; now, when that is not known. */
  readonly createdAt: Date | undefined
}

export type OrderImportResult =
  | 'imported'
  | 'already_there'
  | Extract<ErrorCode, 'order_conflict' | 'provider_order_taken' | 'currency_mismatch'>

/**
 * Takes over a batch of orders, in one transaction: opens the accounts of new users and applies what the provider has
 * said about these orders already. Importing an order again changes nothing, whatever has become of it since. Open
 * orders are announced to their users; those that are final are history, and only listed.
 *
 * @returns for each what became of it; one that is refused changes nothing.
 * @throws the database's errors, when they stay after a few attempts.
 */
export function importOrders(deps: ImportDeps, orders: readonly ImportedOrder[]): Promise<OrderImportResult[]> {
  return commitImport(deps, async (client, changes) => {
    const known = await readKnown(client, orders)
    const results = orders.map((order) => takeIn(known, order))
    await insertAccounts(client, known.opened)
    await insertOrders(client, known)
    for (const order of known.imported) bringForward(known, changes, order, deps)
    return { at: known.books.at, result: results }
  })
}

interface Known {
  readonly books: Books
  readonly ordersById: Map<string, Order>
  readonly parkedByProviderOrderId: Map<string, Delivery[]>
  /** What is new, as it came. */
  readonly imported: Order[]
  /** Accounts of users whose first order is among them. */
  readonly opened: Account[]
}

async function readKnown(client: PoolClient, orders: readonly ImportedOrder[]): Promise<Known> {
  const providerOrderIds = [...new Set(orders.map(({ providerOrderId }) => providerOrderId))]
  const userIds = [...new Set(orders.map(({ userId }) => userId))]
  const [, accountsByUserId, ordersById, ordersByProviderOrderId, parkedByProviderOrderId, at] = await roundTrip([
    lockProviderOrders(client, PROVIDER, providerOrderIds),
    lockAccounts(client, userIds),
    readOrdersById(
      client,
      orders.map(({ orderId }) => orderId),
    ),
    readOrders(client, PROVIDER, providerOrderIds),
    readParkedDeliveries(client, PROVIDER, providerOrderIds),
    readClock(client),
  ])
  const books = { at, accountsByUserId, ordersByProviderOrderId, ...noSettledDeliveries() }
  return { books, ordersById, parkedByProviderOrderId, imported: [], opened: [] }
}

function takeIn({ books, ordersById, imported, opened }: Known, from: ImportedOrder): OrderImportResult {
  const account = books.accountsByUserId.get(from.userId)
  const there = ordersById.get(from.orderId)
  if (there !== undefined) {
    return isSameOrder(there, from) && account?.currency === from.currency ? 'already_there' : 'order_conflict'
  }
  if (books.ordersByProviderOrderId.has(from.providerOrderId)) return 'provider_order_taken'
  if (account !== undefined && account.currency !== from.currency) return 'currency_mismatch'

  if (account === undefined) {
    const empty = emptyAccount(from.userId, from.currency)
    books.accountsByUserId.set(from.userId, empty)
    opened.push(empty)
  }
  const order = toOrder(from, books.at)
  ordersById.set(order.orderId, order)
  books.ordersByProviderOrderId.set(order.providerOrderId, order)
  imported.push(order)
  return 'imported'
}

/** Announces an order that is still open, and applies what waited for it. */
function bringForward(known: Known, changes: Changes, order: Order, rules: ApplyRules): void {
  const { books, parkedByProviderOrderId } = known
  if (isOpen(order)) {
    recordRegistration(books, changes, order, books.accountsByUserId.get(order.userId)!)
    // It is inserted already; only what the deliveries change is still to be written.
    changes.registeredOrderIds.delete(order.orderId)
    changes.orders.delete(order.orderId)
  }
  for (const delivery of parkedByProviderOrderId.get(order.providerOrderId) ?? []) {
    applyDelivery(books, changes, delivery, rules)
  }
}

const isOpen = ({ status }: Order): boolean => OPEN_STATUSES.some((open) => open === status)

function toOrder(from: ImportedOrder, at: Date): Order {
  const { status, remains, startCount, refundedElsewhere: refunded } = from
  return { ...newOrder(from, from.createdAt ?? at), status, remains, startCount, refunded }
}

const INSERT_IMPORTED_ORDERS = `
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, refunded_elsewhere, created_at, updated_at)
  SELECT order_id, $2, provider_order_id, user_id, service, link, quantity, charge,
    status, remains, start_count, refunded, refunded, at, at
  FROM unnest($1::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::numeric[], $9::text[],
    $10::bigint[], $11::bigint[], $12::numeric[], $13::timestamptz[])
    AS imported (order_id, provider_order_id, user_id, service, link, quantity, charge,
      status, remains, start_count, refunded, at)`

async function insertOrders(client: PoolClient, { imported: orders }: Known): Promise<void> {
  if (orders.length === 0) return
  await client.query({
    name: 'insert_imported_orders',
    text: INSERT_IMPORTED_ORDERS,
    values: [
      orders.map((order) => order.orderId),
      PROVIDER,
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
    ],
  })
}
