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

const FIND_ORDERS = `
  SELECT order_id, provider, provider_order_id FROM orders WHERE order_id = ANY($1::text[]) ORDER BY order_id`

// Silent orders have had no delivery, not even one that changed nothing. Deliveries of a reconciliation count, too, so
// that a second run asks about the next orders. Orders that the provider does not know already have an open review.
// Spaced, an order is asked about again when half of its silence has passed since the last question. A question that
// failed does not count, but moves its order behind the others.
const FIND_SILENT_ORDERS = `
  SELECT order_id, provider, provider_order_id FROM orders LEFT JOIN reconciliations USING (order_id)
  WHERE provider = ANY($1::text[]) AND is_open
    AND (NOT $4 OR asked_at IS NULL OR asked_at <= clock_timestamp() - greatest(
      $2 * interval '1 millisecond', least((clock_timestamp() - updated_at) / 2, interval '7 days')))
    AND updated_at < clock_timestamp() - $2 * interval '1 millisecond'
    AND NOT EXISTS (SELECT FROM deliveries
      WHERE deliveries.provider_order_id = orders.provider_order_id AND deliveries.provider = orders.provider
        AND received_at >= clock_timestamp() - $2 * interval '1 millisecond')
    AND NOT EXISTS (SELECT FROM reviews JOIN deliveries AS opening USING (delivery_id)
      WHERE reviews.order_id = orders.order_id AND resolved_at IS NULL AND reviews.reason = 'provider_error'
        AND opening.provider = orders.provider AND opening.provider_order_id = orders.provider_order_id)
  ORDER BY CASE WHEN $4 THEN tried_at END NULLS FIRST, updated_at, order_id LIMIT $3`

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

export interface SilentOrders {
  readonly providers: readonly string[]
  readonly silentForMs: number
  readonly countMax: number
  /** Whether the interval between two questions about an order grows with its silence. */
  readonly isSpaced: boolean
}

/** Open orders of these providers without updates for this long, the longest first. */
export async function findSilentOrders(
  pool: Pool,
  { providers, silentForMs, countMax, isSpaced }: SilentOrders,
): Promise<FoundOrder[]> {
  const { rows } = await pool.query<Row<string>>(FIND_SILENT_ORDERS, [providers, silentForMs, countMax, isSpaced])
  return rows.map(toOrder)
}
