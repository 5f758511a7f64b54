import { sql, type Kysely } from 'kysely'
import { eraseOrders, OF_ITS_ORDERS } from './erasure/functions.ts'

/**
 * The order to which a delivery belongs, of those that have had its provider order: an erasure leaves the deliveries of other
 * users' orders as they are, and the archive encrypts a delivery with the key of its user.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT quote_ident(current_schema()) AS schema`.execute(db)
  for (const statement of [ORDER_OF_DELIVERY, eraseOrders(rows[0]!.schema, OF_ITS_ORDERS)]) {
    await sql.raw(statement).execute(db)
  }
}

// A delivery that arrived while no order had its provider order waits for the next one, so it belongs to that one.
const ORDER_OF_DELIVERY = `
  CREATE FUNCTION order_of_delivery(its_provider text, its_order text, arrived_at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(
      (SELECT order_id FROM provider_order_changes
       WHERE former_provider_order_id = its_order AND former_provider = its_provider AND created_at > arrived_at
       ORDER BY created_at LIMIT 1),
      (SELECT order_id FROM orders WHERE provider_order_id = its_order AND provider = its_provider),
      (SELECT order_id FROM provider_order_changes
       WHERE former_provider_order_id = its_order AND former_provider = its_provider
       ORDER BY created_at DESC LIMIT 1))
  $$`
