import type { PoolClient } from 'pg'
import type { Order } from '../model/working-set.ts'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'

const READ_ORDERS_BY_ID = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = ANY($1::text[])`

const READ_CHARGED_ORDERS = `
  SELECT order_id FROM ledger_entries WHERE order_id = ANY($1::text[]) AND kind = 'charge'`

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
