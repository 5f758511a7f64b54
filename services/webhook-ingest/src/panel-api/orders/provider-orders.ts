import type { Database } from '@paxyo/database'
import { HISTORY_MAX, type HeldProviderOrder } from '@paxyo/panel-client'
import { sql, type Expression, type Kysely, type RawBuilder } from 'kysely'

/** The order that has a provider order, or the one that had it last, by the panel's id; null when there is none. */
export const holderOf = (provider: Expression<unknown>, providerOrderId: Expression<unknown>) =>
  sql<string | null>`coalesce(
    (SELECT holder.order_id FROM orders AS holder
     WHERE holder.provider = ${provider} AND holder.provider_order_id = ${providerOrderId}),
    (SELECT change.order_id FROM provider_order_changes AS change
     WHERE change.former_provider = ${provider} AND change.former_provider_order_id = ${providerOrderId}
     ORDER BY change.created_at DESC LIMIT 1))`

/** Whether an order, by the panel's id, has a provider order, or had it. The array lets the planner use an index. */
export const isProviderOrderOf = (
  orderId: string,
  provider: Expression<unknown>,
  providerOrderId: Expression<unknown>,
): RawBuilder<boolean> => sql<boolean>`
  (${providerOrderId} = ANY (ARRAY(SELECT held.provider_order_id ${heldBy(orderId)}))
    AND (${provider}, ${providerOrderId}) IN (SELECT held.provider, held.provider_order_id ${heldBy(orderId)}))`

const heldBy = (orderId: string) => sql`
  FROM (
    SELECT provider, provider_order_id FROM orders WHERE orders.order_id = ${orderId}
    UNION ALL
    SELECT former_provider, former_provider_order_id FROM provider_order_changes AS change
    WHERE change.order_id = ${orderId}
  ) AS held WHERE held.provider IS NOT NULL`

interface HoldingOrder {
  readonly order_id: string
  readonly provider: string | null
  readonly provider_order_id: string | null
  readonly created_at: Date
}

/** The provider orders that an order has had, the present one last. */
export async function readHeldProviderOrders(db: Kysely<Database>, order: HoldingOrder): Promise<HeldProviderOrder[]> {
  const newestFirst = await db
    .selectFrom('provider_order_changes')
    .selectAll()
    .where('order_id', '=', order.order_id)
    .orderBy('created_at', 'desc')
    .orderBy('change_id', 'desc')
    .limit(HISTORY_MAX)
    .execute()
  const changes = newestFirst.toReversed()
  const first = changes[0]
  const held = changes.map((change, index): HeldProviderOrder => ({
    provider: change.provider,
    providerOrderId: change.provider_order_id,
    from: change.created_at.toISOString(),
    to: changes[index + 1]?.created_at.toISOString() ?? null,
    keyId: change.key_id,
  }))
  const provider = first === undefined ? order.provider : first.former_provider
  const providerOrderId = first === undefined ? order.provider_order_id : first.former_provider_order_id
  if (provider === null || providerOrderId === null || changes.length === HISTORY_MAX) return held
  const from = order.created_at.toISOString()
  return [{ provider, providerOrderId, from, to: first?.created_at.toISOString() ?? null, keyId: null }, ...held]
}
