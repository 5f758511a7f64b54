import { parseUpdates } from '@paxyo/godofpanel'
import type { StatusUpdate } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { Order } from '../model/working-set.ts'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'
import type { Delivery } from '../model/delivery.ts'

const READ_ORDERS_BY_ID = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = ANY($1::text[])`

const READ_CHARGED_ORDERS = `
  SELECT order_id FROM ledger_entries WHERE order_id = ANY($1::text[]) AND kind = 'charge'`

const READ_PARKED_DELIVERIES = `
  SELECT delivery_id, provider_order_id, body, received_at FROM deliveries
  WHERE provider = $1 AND provider_order_id = ANY($2::text[]) AND outcome = 'parked'
  ORDER BY received_at, delivery_id`

/** The orders with these ids of the panel's. */
export async function readOrdersById(client: PoolClient, orderIds: readonly string[]): Promise<Map<string, Order>> {
  const { rows } = await client.query<OrderRow>({
    name: 'read_orders_by_id',
    text: READ_ORDERS_BY_ID,
    values: [orderIds],
  })
  return new Map(rows.map((row) => [row.order_id, toOrder(row)]))
}

/** Those of these orders whose charge was taken from the account. */
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
  readonly provider_order_id: string
  readonly body: string
  readonly received_at: Date
}

/** What the provider said before these orders were known, in the order of its arrival, by provider order id. */
export async function readParkedDeliveries(
  client: PoolClient,
  provider: string,
  providerOrderIds: readonly string[],
): Promise<Map<string, Delivery[]>> {
  const { rows } = await client.query<ParkedRow>({
    name: 'read_parked_deliveries',
    text: READ_PARKED_DELIVERIES,
    values: [provider, providerOrderIds],
  })
  const deliveries = rows.map(({ delivery_id: deliveryId, provider_order_id: id, body, received_at: receivedAt }) => {
    const update = updateFrom(body)
    // Read by the parser that parked it, so this is a bug of ours and must not be passed over.
    if (update?.providerOrderId !== id) throw new Error(`parked delivery ${deliveryId} cannot be read`)
    return { deliveryId, provider, update, body, receivedAt, wasParked: true as const }
  })
  return Map.groupBy(deliveries, ({ update }) => update.providerOrderId)
}

/** A stored body holds one update; the form reader knows JSON when it sees it. */
export function updateFrom(body: string): StatusUpdate | undefined {
  const parsed = parseUpdates('form', body)
  return 'error' in parsed ? undefined : parsed.updates[0]?.update
}
