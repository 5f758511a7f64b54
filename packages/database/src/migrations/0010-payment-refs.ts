import { sql, type Kysely } from 'kysely'

/**
 * A deposit stores its payment, as long as the ledger is kept, and the database rejects a second one. Idempotency keys are
 * deleted after days, and payment processors repeat their notifications for longer. The seq of its event is stored with
 * it, so that a repetition gets the first response.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`ALTER TABLE ledger_entries ADD payment_ref text, ADD payment_seq bigint`.execute(db)
  // No row has a value yet, so there is nothing to check.
  await sql`
    ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_payment CHECK (
      (payment_ref IS NULL) = (payment_seq IS NULL) AND (payment_ref IS NULL OR kind = 'deposit')
    ) NOT VALID`.execute(db)
  await sql`
    CREATE UNIQUE INDEX ledger_entries_payment_ref ON ledger_entries (payment_ref)
    WHERE payment_ref IS NOT NULL`.execute(db)
}
