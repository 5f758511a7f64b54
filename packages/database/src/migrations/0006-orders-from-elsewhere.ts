import { sql, type Kysely } from 'kysely'

/**
 * An order may come from a previous system, which has already refunded a part. That part counts as refunded, so that it
 * is never paid again, and has no ledger entry, because no account of this system changed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE orders ADD COLUMN refunded_elsewhere numeric(20, 8) NOT NULL DEFAULT 0
      CHECK (refunded_elsewhere BETWEEN 0 AND refunded)`.execute(db)
}
