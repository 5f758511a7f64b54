import { OPEN_STATUSES } from '@paxyo/contracts'
import type { Pool } from 'pg'
import type { ProviderOrder } from '../model/provider-order.ts'

export interface FoundOrder extends ProviderOrder {
  readonly orderId: string
}

// Named in full, because that is how the index of open orders is found.
const OPEN = OPEN_STATUSES.map((status) => `'${status}'`).join(', ')

const FIND_ORDERS = `
  SELECT order_id, provider, provider_order_id FROM orders WHERE order_id = ANY($1::text[]) ORDER BY order_id`

// Silent is an order that no delivery has spoken of, even to say that nothing changed; our own asking counts, too, so
// that a second run asks about the next ones. Those that the provider does not know wait for a person already.
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

interface Row {
  readonly order_id: string
  readonly provider: string
  readonly provider_order_id: string
}

const toOrder = (row: Row): FoundOrder => ({
  orderId: row.order_id,
  provider: row.provider,
  providerOrderId: row.provider_order_id,
})

/** Those of these orders of the panel's that are registered. */
export async function findOrders(pool: Pool, orderIds: readonly string[]): Promise<FoundOrder[]> {
  const { rows } = await pool.query<Row>(FIND_ORDERS, [orderIds])
  return rows.map(toOrder)
}

/** Open orders of these providers that have been silent for so long, the longest silent first. */
export async function findSilentOrders(
  pool: Pool,
  providers: readonly string[],
  silentForMs: number,
  countMax: number,
): Promise<FoundOrder[]> {
  const { rows } = await pool.query<Row>(FIND_SILENT_ORDERS, [providers, silentForMs, countMax])
  return rows.map(toOrder)
}
