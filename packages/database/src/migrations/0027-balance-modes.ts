import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * Whether an account's balance is the user's: `kept` from the first deposit or charge on. Until then the panel keeps the
 * balance, and the ledger knows only what was refunded.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // A constant default does not rewrite the table.
  await sql`
    ALTER TABLE accounts ADD balance_mode text NOT NULL DEFAULT 'external'
      CONSTRAINT balance_mode_known CHECK (balance_mode IN ('external', 'kept'))`.execute(db)
  await sql`
    UPDATE accounts SET balance_mode = 'kept' FROM (
      SELECT DISTINCT user_id FROM ledger_entries WHERE kind IN ('deposit', 'charge')
    ) AS used
    WHERE accounts.user_id = used.user_id`.execute(db)
  await sql`GRANT UPDATE (balance_mode) ON accounts TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
