import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'
import { erasureFunctions } from './erasure/functions.ts'

/**
 * Erasure of a user: the functions that put a pseudonym in the place of the user's id, and a row for each erasure. While one
 * runs, `accounts.is_erasing` keeps webhooks from waiting for the account.
 *
 * Rows that are append-only stay so, except that an erasure may change the columns that name a user.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ schema: string }>`SELECT quote_ident(current_schema()) AS schema`.execute(db)
  const { schema } = rows[0]!
  for (const statements of [
    `ALTER TABLE accounts ADD is_erasing boolean NOT NULL DEFAULT false`,
    `GRANT UPDATE (is_erasing) ON accounts TO ${DATABASE_ROLES.ingest}`,
    // Null once its retention has ended, or its user was erased.
    `ALTER TABLE deliveries ALTER body DROP NOT NULL`,
    guard('ledger_entries', ['user_id']),
    guard('events', ['user_id', 'payload']),
    guard('operator_actions', ['note']),
    // The erasure after which an entry is no longer what was hashed.
    `ALTER TABLE audit_log ADD erasure_id uuid`,
    guard('audit_log', ['subject', 'note', 'before', 'after', 'erasure_id']),
    TABLES,
    ...erasureFunctions(schema),
  ]) {
    await sql.raw(statements).execute(db)
  }
}

/** Of a table that is append-only: an erasure changes no other columns. Only its rows run it, so inserts cost no more. */
const guard = (table: string, columns: readonly string[]): string => `
  ${rejectOtherColumns}
  CREATE TRIGGER only_erasure BEFORE UPDATE ON ${table}
    FOR EACH ROW EXECUTE FUNCTION reject_other_columns(${columns.map((column) => `'${column}'`).join(', ')})`

const rejectOtherColumns = `
  CREATE OR REPLACE FUNCTION reject_other_columns() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF to_jsonb(OLD) - TG_ARGV IS DISTINCT FROM to_jsonb(NEW) - TG_ARGV THEN
        RAISE EXCEPTION 'an erasure changes only % of %', array_to_string(TG_ARGV, ', '), TG_TABLE_NAME
          USING ERRCODE = 'insufficient_privilege';
      END IF;
      RETURN NEW;
    END $$;`

const TABLES = `
  CREATE TABLE erasures (
    erasure_id   uuid PRIMARY KEY,
    -- Null once the erasure is done: nothing leads from the pseudonym to the user.
    user_id      text,
    pseudonym    text NOT NULL UNIQUE,
    requested_at timestamptz NOT NULL DEFAULT now(),
    -- Who requested it, for the audit log.
    actor        text NOT NULL,
    actor_name   text NOT NULL,
    address      text,
    -- When the account got its pseudonym.
    renamed_at   timestamptz,
    finished_at  timestamptz,
    CHECK ((user_id IS NULL) = (finished_at IS NOT NULL))
  );
  CREATE UNIQUE INDEX erasures_of_user ON erasures (user_id) WHERE user_id IS NOT NULL;
  GRANT SELECT, INSERT, UPDATE (user_id, finished_at) ON erasures TO ${DATABASE_ROLES.ingest};

  -- Of the archive: what it has about a user is encrypted with the user's key.
  CREATE TABLE archive_keys (
    key_id       uuid PRIMARY KEY,
    -- Null, with the key, after an erasure.
    user_id      text UNIQUE REFERENCES accounts,
    key          bytea CHECK (length(key) = 32),
    created_at   timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((user_id IS NULL) = (key IS NULL) AND (key IS NULL) = (destroyed_at IS NOT NULL))
  )`
