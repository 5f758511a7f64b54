import type { PoolClient } from 'pg'
import {
  providerOrderColumns,
  providerOrderKey,
  type MaybeProviderOrder,
  type ProviderOrder,
} from '../model/provider-order.ts'

/** A change of an order's provider order; none before it when it had none. */
export interface ProviderOrderChange {
  readonly changeId: string
  readonly orderId: string
  readonly to: ProviderOrder
  readonly former: MaybeProviderOrder
  readonly keyId: string
  readonly at: Date
}

const WRITE_PROVIDER_ORDER = `UPDATE orders SET provider = $2, provider_order_id = $3 WHERE order_id = $1`

const INSERT_CHANGE = `
  INSERT INTO provider_order_changes
    (change_id, order_id, provider, provider_order_id, former_provider, former_provider_order_id, key_id, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

const READ_FIRST = `
  SELECT DISTINCT ON (order_id) order_id, former_provider AS provider, former_provider_order_id AS provider_order_id
  FROM provider_order_changes WHERE order_id = ANY($1::text[]) ORDER BY order_id, created_at, change_id`

const READ_FORMER = `
  SELECT provider, provider_order_id FROM unnest($1::text[], $2::text[]) AS wanted (provider, provider_order_id)
  WHERE EXISTS (
    SELECT FROM provider_order_changes
    WHERE former_provider_order_id = wanted.provider_order_id AND former_provider = wanted.provider)`

/** Writes a change, without its event. The database rejects a provider order that another order has. */
export function writeProviderOrderChange(
  client: PoolClient,
  { changeId, orderId, to, former, keyId, at }: ProviderOrderChange,
): Promise<unknown>[] {
  const { provider, providerOrderId } = to
  return [
    client.query(WRITE_PROVIDER_ORDER, [orderId, provider, providerOrderId]),
    client.query(INSERT_CHANGE, [
      changeId,
      orderId,
      provider,
      providerOrderId,
      former.provider,
      former.providerOrderId,
      keyId,
      at,
    ]),
  ]
}

/** The provider orders with which these orders were registered, by order id; only of orders that were changed since. */
export async function readFirstProviderOrders(
  client: PoolClient,
  orderIds: readonly string[],
): Promise<Map<string, MaybeProviderOrder>> {
  if (orderIds.length === 0) return new Map()
  const { rows } = await client.query<{
    order_id: string
    provider: string | null
    provider_order_id: string | null
  }>(READ_FIRST, [orderIds])
  return new Map(
    rows.map(({ order_id: orderId, provider, provider_order_id: providerOrderId }) => [
      orderId,
      { provider, providerOrderId },
    ]),
  )
}

/** Which of these once belonged to an order, by {@link providerOrderKey}. They may belong to one again. */
export async function readFormerProviderOrders(
  client: PoolClient,
  providerOrders: readonly ProviderOrder[],
): Promise<Set<string>> {
  const { rows } = await client.query<{ provider: string; provider_order_id: string }>({
    name: 'read_former_provider_orders',
    text: READ_FORMER,
    values: providerOrderColumns(providerOrders),
  })
  return new Set(
    rows.map(({ provider, provider_order_id: providerOrderId }) => providerOrderKey({ provider, providerOrderId })),
  )
}
