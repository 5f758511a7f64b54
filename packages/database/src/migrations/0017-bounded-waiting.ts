import { sql, type Kysely } from 'kysely'

/**
 * A delivery whose order is not registered keeps its parsed update while it waits, and only the last one of each status
 * waits. The index finds those of an order among any number of others.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    WITH ranked AS (
      SELECT delivery_id, row_number() OVER (
        PARTITION BY provider, provider_order_id, waiting_update::json ->> 'status', waiting_update::json ->> 'problem'
        ORDER BY received_at DESC, delivery_id DESC) AS place
      FROM deliveries WHERE outcome = 'parked'
    )
    UPDATE deliveries SET outcome = 'superseded', waiting_update = NULL FROM ranked
    WHERE deliveries.delivery_id = ranked.delivery_id AND place > 1`.execute(db)
  // Parked by a version that did not keep the update: its order's registration opens a review.
  await sql`
    UPDATE deliveries SET waiting_update = json_build_object('providerOrderId', provider_order_id, 'status', 'unknown',
      'remains', NULL, 'startCount', NULL, 'problem', 'unknown_status')::text
    WHERE outcome = 'parked' AND waiting_update IS NULL`.execute(db)
  await sql`
    CREATE INDEX waiting_deliveries ON deliveries (provider_order_id, provider) WHERE waiting_update IS NOT NULL`.execute(
    db,
  )
}
