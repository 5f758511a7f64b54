import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** API keys get scopes, an expiry and networks. Those that exist keep all scopes. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE api_keys
      -- Null has all scopes.
      ADD COLUMN scopes text[],
      ADD COLUMN expires_at timestamptz,
      -- The networks from which it is accepted; null for all.
      ADD COLUMN allowed_networks text[]`.execute(db)
  await sql`
    CREATE TABLE revoked_keys (
      -- Of a key that is configured by the environment: SHA-256 of the whole key.
      key_hash   bytea PRIMARY KEY CHECK (length(key_hash) = 32),
      revoked_at timestamptz NOT NULL DEFAULT now()
    )`.execute(db)
  for (const grant of ['UPDATE (revoked_at) ON api_keys', 'SELECT, INSERT ON revoked_keys']) {
    await sql`GRANT ${sql.raw(grant)} TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
  }
}
