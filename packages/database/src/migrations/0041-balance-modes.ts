import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * Whether an account's balance is the user's: `kept` from the first deposit or charge on. Until then the panel keeps the
 * balance, and the ledger knows only what was refunded.
 *
 * The trigger sets it, so that it is right while services of the version before still run. Accounts from before have NULL
 * until `determineBalanceModes` has looked at their entries.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The default is for new rows only, and rewrites nothing. `determineBalanceModes` validates the constraint: that reads all
  // accounts, which must not wait for it.
  await sql`
    ALTER TABLE accounts
      ADD balance_mode text,
      ADD CONSTRAINT balance_mode_known CHECK (balance_mode IN ('external', 'kept')) NOT VALID,
      ALTER balance_mode SET DEFAULT 'external'`.execute(db)
  const { rows } = await sql<{ schema: string }>`SELECT current_schema() AS schema`.execute(db)
  const accounts = sql.id(rows[0]!.schema, 'accounts')
  await sql`
    CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE ${accounts} SET balance_mode = 'kept' WHERE user_id = NEW.user_id AND balance_mode IS DISTINCT FROM 'kept';
      RETURN NULL;
    END $$`.execute(db)
  await sql`
    CREATE TRIGGER keep_balance AFTER INSERT ON ledger_entries
    FOR EACH ROW WHEN (NEW.kind IN ('deposit', 'charge')) EXECUTE FUNCTION keep_balance()`.execute(db)
  await sql`GRANT UPDATE (balance_mode) ON accounts TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
