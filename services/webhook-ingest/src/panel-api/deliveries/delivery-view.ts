import type { Database } from '@paxyo/database'
import type { DeliveryView, FullDeliveryView } from '@paxyo/panel-client'
import { sql, type Kysely } from 'kysely'
import { isProviderOrderOf } from '../orders/provider-orders.ts'

/** The order that had a delivery's provider order when it arrived, or the first one that had it later. */
const HOLDER = sql<{ order_id: string; user_id: string; status: string }>`(
  SELECT order_id, user_id, status FROM orders
  WHERE order_id = order_of_delivery(deliveries.provider, deliveries.provider_order_id, deliveries.received_at))`

export const selectDeliveries = (db: Kysely<Database>) =>
  db
    .selectFrom('deliveries')
    .leftJoinLateral(HOLDER.as<'holder'>(sql.ref('holder')), (join) => join.onTrue())
    .select(['delivery_id', 'provider', 'provider_order_id', 'outcome', 'reason', 'received_at', 'replay_of', 'body'])
    .select(['holder.order_id', 'holder.user_id', 'holder.status as order_status'])

/** Whether a delivery belongs to an order, by the panel's order id. */
export const isOfOrder = (orderId: string) =>
  isProviderOrderOf(orderId, sql.ref('deliveries.provider'), sql.ref('deliveries.provider_order_id'))

export type DeliveryRow = Awaited<ReturnType<ReturnType<typeof selectDeliveries>['execute']>>[number]

/** The time of arrival in microseconds, for cursors; a Date has only milliseconds. */
export const RECEIVED_AT_EXACT = sql<string>`
  to_char(deliveries.received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

export function toFullDelivery(row: DeliveryRow): FullDeliveryView {
  return {
    deliveryId: row.delivery_id,
    provider: row.provider,
    providerOrderId: row.provider_order_id,
    orderId: row.order_id,
    userId: row.user_id,
    orderStatus: row.order_status as DeliveryView['orderStatus'],
    outcome: row.outcome as DeliveryView['outcome'],
    reason: row.reason as DeliveryView['reason'],
    receivedAt: row.received_at.toISOString(),
    replayOf: row.replay_of,
    body: row.body,
  }
}

export function toDelivery(row: DeliveryRow): DeliveryView {
  const { body: _body, ...delivery } = toFullDelivery(row)
  return delivery
}
