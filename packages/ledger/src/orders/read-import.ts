import { roundTrip } from '@paxyo/database'
import type { PoolClient } from 'pg'
import {
  isSameProviderOrder,
  providerOrderOf,
  uniqueProviderOrders,
  type MaybeProviderOrder,
} from '../model/provider-order.ts'
import type { Order } from '../model/working-set.ts'
import { readFirstProviderOrders } from '../transaction/provider-order-changes.ts'
import { readOrders } from '../transaction/read-working-set.ts'
import { readOrdersById } from './read-registered.ts'
import type { OrderDetails } from './registration.ts'

/** The stored orders that a batch of an import could be, or could conflict with. */
export interface ImportMatches {
  readonly ordersById: Map<string, Order>
  /** The provider orders with which orders were registered, when they have another one by now. */
  readonly firstById: ReadonlyMap<string, MaybeProviderOrder>
  readonly ordersByProviderOrder: Map<string, Order>
}

/** Reads them, in two round trips when an order has another provider order by now. */
export async function readImportMatches(client: PoolClient, orders: readonly OrderDetails[]): Promise<ImportMatches> {
  const [ordersById, ordersByProviderOrder] = await roundTrip([
    readOrdersById(
      client,
      orders.map(({ orderId }) => orderId),
    ),
    readOrders(client, uniqueProviderOrders(orders.flatMap((order) => providerOrderOf(order) ?? []))),
  ])
  const changed = orders.filter((order) => {
    const there = ordersById.get(order.orderId)
    return there !== undefined && !isSameProviderOrder(there, order)
  })
  const firstById = await readFirstProviderOrders(
    client,
    changed.map(({ orderId }) => orderId),
  )
  return { ordersById, firstById, ordersByProviderOrder }
}
