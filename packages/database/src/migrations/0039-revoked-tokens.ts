import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Single revoked browser tokens, until they expire. Gateways read new rows every half second, and one row with each join. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE revoked_tokens (
      -- Without a reference: a token can be that of a user without an account.
      user_id    text NOT NULL,
      -- The token's claim. With the user, because issuers may count tokens per user.
      jti        text NOT NULL,
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz NOT NULL,
      PRIMARY KEY (user_id, jti)
    )`.execute(db)
  await sql`CREATE INDEX revoked_tokens_by_time ON revoked_tokens (revoked_at)`.execute(db)
  await sql`GRANT SELECT, INSERT, UPDATE (expires_at) ON revoked_tokens TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
  await sql`GRANT SELECT ON revoked_tokens TO ${sql.id(DATABASE_ROLES.gateway)}`.execute(db)
}
