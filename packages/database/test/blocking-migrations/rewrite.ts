import { sql, type Kysely } from 'kysely'

/** Rewrote `orders`: with two million rows, every webhook waited for 15 seconds. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE orders ADD COLUMN is_open boolean NOT NULL
      GENERATED ALWAYS AS (status IN ('pending', 'processing', 'in_progress')) STORED`.execute(db)
  await sql`CREATE INDEX open_orders_of_user ON orders (user_id, created_at DESC, order_id) WHERE is_open`.execute(db)
}

/** What was there before it. */
export const BEFORE = 'ALTER TABLE orders DROP COLUMN is_open'
