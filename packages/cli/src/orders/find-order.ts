import type { DatabaseSession } from '../connect-database.ts'
import { readDeliveries, readOrderFile, type DeliveryRow, type OrderFile } from './read-order-file.ts'

/** What an id belongs to. */
export type FoundOrder =
  | { readonly kind: 'order'; readonly file: OrderFile }
  /** No order is registered for it; these deliveries wait for one. */
  | { readonly kind: 'waiting'; readonly deliveries: readonly DeliveryRow[] }
  /** Several providers have sent or have an order with this id. */
  | { readonly kind: 'ambiguous'; readonly providers: readonly string[] }

const FIND_PROVIDERS = `
  SELECT provider FROM orders WHERE provider_order_id = $1
  UNION SELECT former_provider FROM provider_order_changes WHERE former_provider_order_id = $1
  UNION SELECT provider FROM deliveries WHERE provider_order_id = $1
  ORDER BY provider`

/** The order that has the provider order, or else the one that had it last. */
const FIND_HOLDER = `
  SELECT order_id AS "orderId" FROM (
    SELECT order_id, 'infinity'::timestamptz AS until FROM orders WHERE provider = $1 AND provider_order_id = $2
    UNION ALL
    SELECT order_id, created_at FROM provider_order_changes
    WHERE former_provider = $1 AND former_provider_order_id = $2
  ) AS holders ORDER BY until DESC LIMIT 1`

/**
 * Finds an order by the panel's id, and otherwise by the provider's id.
 *
 * @param provider when given, the id is the provider's. Otherwise it must belong to one provider only.
 * @returns undefined when neither the panel nor a provider has sent it.
 */
export async function findOrder(
  database: DatabaseSession,
  id: string,
  provider: string | undefined,
): Promise<FoundOrder | undefined> {
  // One snapshot, so that a refund is read together with its event.
  await database.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    const file = provider === undefined ? await readOrderFile(database, id) : undefined
    return file === undefined ? await findByProvider(database, id, provider) : { kind: 'order', file }
  } finally {
    await database.query('ROLLBACK')
  }
}

async function findByProvider(
  database: DatabaseSession,
  id: string,
  given: string | undefined,
): Promise<FoundOrder | undefined> {
  const rows = given === undefined ? await database.query<{ provider: string }>(FIND_PROVIDERS, [id]) : []
  const [provider = given, ...others] = rows.map((row) => row.provider)
  if (provider === undefined) return undefined
  if (others.length > 0) return { kind: 'ambiguous', providers: [provider, ...others] }

  const [holder] = await database.query<{ orderId: string }>(FIND_HOLDER, [provider, id])
  const file = holder && (await readOrderFile(database, holder.orderId))
  if (file !== undefined) return { kind: 'order', file }
  const deliveries = await readDeliveries(database, [{ provider, providerOrderId: id }])
  return deliveries.length === 0 ? undefined : { kind: 'waiting', deliveries }
}
