import { OPEN_STATUSES } from '@paxyo/contracts'
import { PROVIDER } from '@paxyo/godofpanel'
import type { Pool } from 'pg'

export interface FoundOrder {
  readonly orderId: string
  readonly providerOrderId: string
}

// Named in full, because that is how the index of open orders is found.
const OPEN = OPEN_STATUSES.map((status) => `'${status}'`).join(', ')

const FIND_ORDERS = `
  SELECT order_id, provider_order_id FROM orders WHERE provider = $1 AND order_id = ANY($2::text[]) ORDER BY order_id`

// Silent is an order that no delivery has spoken of, even to say that nothing changed; our own asking counts, too, so
// that a second run asks about the next ones. Those that the provider does not know wait for a person already.
const FIND_SILENT_ORDERS = `
  SELECT order_id, provider_order_id FROM orders
  WHERE provider = $1 AND status IN (${OPEN})
    AND updated_at < clock_timestamp() - $2 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM deliveries
      WHERE deliveries.provider_order_id = orders.provider_order_id AND deliveries.provider = orders.provider
        AND received_at >= clock_timestamp() - $2 * interval '1 millisecond')
    AND NOT EXISTS (SELECT FROM reviews
      WHERE reviews.order_id = orders.order_id AND resolved_at IS NULL AND reason = 'provider_error')
  ORDER BY updated_at, order_id LIMIT $3`

interface Row {
  readonly order_id: string
  readonly provider_order_id: string
}

const toOrder = (row: Row): FoundOrder => ({ orderId: row.order_id, providerOrderId: row.provider_order_id })

export async function findOrders(pool: Pool, orderIds: readonly string[]): Promise<FoundOrder[]> {
  const { rows } = await pool.query<Row>(FIND_ORDERS, [PROVIDER, orderIds])
  return rows.map(toOrder)
}

/** Open orders of which nothing was heard for so long, the longest silent first. */
export async function findSilentOrders(pool: Pool, silentForMs: number, countMax: number): Promise<FoundOrder[]> {
  const { rows } = await pool.query<Row>(FIND_SILENT_ORDERS, [PROVIDER, silentForMs, countMax])
  return rows.map(toOrder)
}
