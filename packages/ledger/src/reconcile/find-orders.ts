import { OPEN_STATUSES } from '@paxyo/contracts'
import type { Pool } from 'pg'
import type { MaybeProviderOrder, ProviderOrder } from '../model/provider-order.ts'

/** An order that its provider can be asked about. */
export interface FoundOrder extends ProviderOrder {
  readonly orderId: string
}

/** An order of a request; it may have no provider order. */
export interface RequestedOrder extends MaybeProviderOrder {
  readonly orderId: string
}

// Spelled out, because the planner matches them with the partial index of open orders.
const OPEN = OPEN_STATUSES.map((status) => `'${status}'`).join(', ')

const FIND_ORDERS = `
  SELECT order_id, provider, provider_order_id FROM orders WHERE order_id = ANY($1::text[]) ORDER BY order_id`

// Silent orders have had no delivery, not even one that changed nothing. Deliveries of a reconciliation count, too, so
// that a second run asks about the next orders. Orders that the provider does not know already have an open review.
const FIND_SILENT_ORDERS = `
  SELECT order_id, provider, provider_order_id FROM orders
  WHERE provider = ANY($1::text[]) AND status IN (${OPEN})
    AND updated_at < clock_timestamp() - $2 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM deliveries
      WHERE deliveries.provider_order_id = orders.provider_order_id AND deliveries.provider = orders.provider
        AND received_at >= clock_timestamp() - $2 * interval '1 millisecond')
    AND NOT EXISTS (SELECT FROM reviews
      WHERE reviews.order_id = orders.order_id AND resolved_at IS NULL AND reason = 'provider_error')
  ORDER BY updated_at, order_id LIMIT $3`

interface Row<Text extends string | null> {
  readonly order_id: string
  readonly provider: Text
  readonly provider_order_id: Text
}

const toOrder = <Text extends string | null>(row: Row<Text>) => ({
  orderId: row.order_id,
  provider: row.provider,
  providerOrderId: row.provider_order_id,
})

/** The registered orders among these panel ids. */
export async function findOrders(pool: Pool, orderIds: readonly string[]): Promise<RequestedOrder[]> {
  const { rows } = await pool.query<Row<string | null>>(FIND_ORDERS, [orderIds])
  return rows.map(toOrder)
}

/** Open orders of these providers without updates for this long, the longest first. */
export async function findSilentOrders(
  pool: Pool,
  providers: readonly string[],
  silentForMs: number,
  countMax: number,
): Promise<FoundOrder[]> {
  const { rows } = await pool.query<Row<string>>(FIND_SILENT_ORDERS, [providers, silentForMs, countMax])
  return rows.map(toOrder)
}
