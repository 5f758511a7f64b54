import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** The people who use the console, their sessions, and the one-time links with which they choose a password. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE operators (
      operator_id   text PRIMARY KEY CHECK (operator_id ~ '^opr_[0-9a-f]{12}$'),
      name          text NOT NULL,
      role          text NOT NULL CHECK (role IN ('viewer', 'support', 'owner')),
      -- What a support operator may refund in 24 hours.
      refund_limit  numeric(20, 8) CHECK (refund_limit >= 0),
      -- In the PHC string format; null until the invited operator has chosen a password.
      password_hash text,
      -- The key of one-time codes, and the one that waits for its first code.
      totp_secret   bytea,
      totp_pending  bytea,
      -- The time step of the last accepted code: a code is accepted once.
      totp_step     bigint,
      created_at    timestamptz NOT NULL DEFAULT now(),
      last_seen_at  timestamptz,
      disabled_at   timestamptz,
      CHECK ((role = 'support') = (refund_limit IS NOT NULL))
    )`.execute(db)
  await sql`CREATE UNIQUE INDEX operators_by_name ON operators (lower(name))`.execute(db)

  await sql`
    CREATE TABLE operator_links (
      -- SHA-256 of the link's token, which has 256 random bits.
      link_hash   bytea PRIMARY KEY CHECK (length(link_hash) = 32),
      -- Null for the link with which the first owner is created.
      operator_id text REFERENCES operators,
      created_at  timestamptz NOT NULL DEFAULT now(),
      expires_at  timestamptz NOT NULL,
      used_at     timestamptz
    )`.execute(db)
  await sql`CREATE INDEX operator_links_of_operator ON operator_links (operator_id)`.execute(db)

  await sql`
    CREATE TABLE operator_sessions (
      -- SHA-256 of the cookie's token, which has 256 random bits.
      session_hash bytea PRIMARY KEY CHECK (length(session_hash) = 32),
      operator_id  text NOT NULL REFERENCES operators,
      created_at   timestamptz NOT NULL DEFAULT now(),
      expires_at   timestamptz NOT NULL,
      address      text NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX operator_sessions_of_operator ON operator_sessions (operator_id)`.execute(db)
  await sql`CREATE INDEX operator_sessions_by_expiry ON operator_sessions (expires_at)`.execute(db)

  await sql`
    CREATE TABLE operator_refunds (
      -- Checked at the end of the transaction that pays it.
      refund_id   uuid PRIMARY KEY REFERENCES ledger_entries DEFERRABLE INITIALLY DEFERRED,
      operator_id text NOT NULL REFERENCES operators,
      amount      numeric(20, 8) NOT NULL CHECK (amount > 0),
      created_at  timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX operator_refunds_of_operator ON operator_refunds (operator_id, created_at)`.execute(db)
  await sql`
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_refunds
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change()`.execute(db)

  const grants = [
    `SELECT, INSERT, UPDATE (role, refund_limit, password_hash, totp_secret, totp_pending, totp_step, last_seen_at,
      disabled_at) ON operators`,
    'SELECT, INSERT, UPDATE (used_at) ON operator_links',
    'SELECT, INSERT, DELETE ON operator_sessions',
    'SELECT, INSERT ON operator_refunds',
  ]
  for (const grant of grants) await sql`GRANT ${sql.raw(grant)} TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
