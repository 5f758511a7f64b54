import { sql, type Kysely } from 'kysely'

/**
 * The columns of an index's WHERE count as indexed: with the status in it, each step from pending to in_progress wrote all
 * four indexes. Whether an order is open changes only once, so all other updates stay on their page (HOT).
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE orders ADD COLUMN is_open boolean NOT NULL
      GENERATED ALWAYS AS (status IN ('pending', 'processing', 'in_progress')) STORED`.execute(db)
  await sql`DROP INDEX open_orders_of_user`.execute(db)
  await sql`CREATE INDEX open_orders_of_user ON orders (user_id, created_at DESC, order_id) WHERE is_open`.execute(db)
}
