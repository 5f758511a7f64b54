import { sql, type Kysely } from 'kysely'

/**
 * An order may come from the system that was there before, which has paid a part back already. That part counts as
 * refunded, so that it is never paid again, and has no entry in our ledger, because no money of ours moved.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE orders ADD COLUMN refunded_elsewhere numeric(20, 8) NOT NULL DEFAULT 0
      CHECK (refunded_elsewhere BETWEEN 0 AND refunded)`.execute(db)
}
