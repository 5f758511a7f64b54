import type { StatusUpdate } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { Delivery } from '../model/delivery.ts'
import { providerOrderColumns, providerOrderKey, type ProviderOrder } from '../model/provider-order.ts'
import type { Order } from '../model/working-set.ts'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'

const READ_ORDERS_BY_ID = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = ANY($1::text[])`

const READ_CHARGED_ORDERS = `
  SELECT order_id FROM ledger_entries WHERE order_id = ANY($1::text[]) AND kind = 'charge'`

const READ_PARKED_DELIVERIES = `
  SELECT delivery_id, provider, provider_order_id, body, received_at, waiting_update
  FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_order_id)
  JOIN deliveries USING (provider_order_id, provider)
  WHERE outcome = 'parked'
  ORDER BY received_at, delivery_id`

/** The orders with these panel ids. */
export async function readOrdersById(client: PoolClient, orderIds: readonly string[]): Promise<Map<string, Order>> {
  const { rows } = await client.query<OrderRow>({
    name: 'read_orders_by_id',
    text: READ_ORDERS_BY_ID,
    values: [orderIds],
  })
  return new Map(rows.map((row) => [row.order_id, toOrder(row)]))
}

/** The orders among these whose charge was taken from the account. */
export async function readChargedOrderIds(client: PoolClient, orderIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ order_id: string }>({
    name: 'read_charged_orders',
    text: READ_CHARGED_ORDERS,
    values: [orderIds],
  })
  return new Set(rows.map((row) => row.order_id))
}

interface ParkedRow {
  readonly delivery_id: string
  readonly provider: string
  readonly provider_order_id: string
  readonly body: string
  readonly received_at: Date
  readonly waiting_update: string | null
}

/** Deliveries that arrived before these orders were registered, by {@link providerOrderKey}, the oldest first. */
export async function readParkedDeliveries(
  client: PoolClient,
  providerOrders: readonly ProviderOrder[],
): Promise<Map<string, Delivery[]>> {
  const { rows } = await client.query<ParkedRow>({
    name: 'read_parked_deliveries',
    text: READ_PARKED_DELIVERIES,
    values: providerOrderColumns(providerOrders),
  })
  return Map.groupBy(rows.map(toParkedDelivery), ({ provider, update }) => providerOrderKey({ ...update, provider }))
}

function toParkedDelivery(row: ParkedRow): Delivery & { readonly update: StatusUpdate } {
  const { delivery_id: deliveryId, provider, body, received_at: receivedAt } = row
  const update =
    row.waiting_update === null ? unreadable(row.provider_order_id) : (JSON.parse(row.waiting_update) as StatusUpdate)
  return { deliveryId, provider, update, body, receivedAt, wasParked: true }
}

/** A delivery that an older version parked without its parsed update: it goes to review, and can be replayed. */
const unreadable = (providerOrderId: string): StatusUpdate => ({
  providerOrderId,
  status: 'unknown',
  remains: null,
  startCount: null,
  problem: 'unknown_status',
})
