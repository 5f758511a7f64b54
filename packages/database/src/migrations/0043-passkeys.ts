import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** The passkeys of operators, and the challenges that wait for their response. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE operator_passkeys (
      -- In base64url, as browsers send it.
      credential_id text PRIMARY KEY CHECK (length(credential_id) <= 1400),
      operator_id   text NOT NULL REFERENCES operators,
      public_key    bytea NOT NULL,
      -- Grows with each use, so that a copy is noticed; stays 0 at authenticators that do not count.
      sign_count    bigint NOT NULL,
      transports    text[] NOT NULL,
      name          text NOT NULL,
      created_at    timestamptz NOT NULL DEFAULT now(),
      last_used_at  timestamptz
    )`.execute(db)
  await sql`CREATE INDEX operator_passkeys_of_operator ON operator_passkeys (operator_id)`.execute(db)

  await sql`
    CREATE TABLE passkey_challenges (
      -- SHA-256 of the token of the session, or of the cookie of a browser that signs in.
      binding_hash bytea PRIMARY KEY CHECK (length(binding_hash) = 32),
      challenge    text NOT NULL,
      expires_at   timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX passkey_challenges_by_expiry ON passkey_challenges (expires_at)`.execute(db)

  const grants = [
    'SELECT, INSERT, DELETE, UPDATE (sign_count, last_used_at) ON operator_passkeys',
    'SELECT, INSERT, DELETE ON passkey_challenges',
  ]
  for (const grant of grants) await sql`GRANT ${sql.raw(grant)} TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
