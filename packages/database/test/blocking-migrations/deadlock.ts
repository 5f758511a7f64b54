import { sql, type Kysely } from 'kysely'

/**
 * Built indexes under locks of `deliveries` and then of `orders`, which a webhook takes the other way round: with two million
 * orders and 50 webhooks a second, it ended in a deadlock each time.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`DROP INDEX deliveries_by_time`.execute(db)
  await sql`CREATE INDEX deliveries_by_time ON deliveries (received_at)`.execute(db)
  await sql`
    ALTER TABLE orders
      DROP CONSTRAINT orders_provider_order_id_provider_key,
      ADD UNIQUE (provider_order_id, provider)`.execute(db)
}
