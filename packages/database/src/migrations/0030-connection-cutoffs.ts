import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Revoked browser tokens and disconnected users. Gateways read new rows every half second, and one row with each join. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE connection_cutoffs (
      -- Without a reference: a token can be that of a user without an account.
      user_id              text PRIMARY KEY,
      -- Tokens issued before this time are revoked; null when none was.
      tokens_issued_before timestamptz,
      -- When all connections of the user were closed; null when only tokens were revoked.
      disconnected_at      timestamptz,
      set_at               timestamptz NOT NULL,
      CHECK (num_nonnulls(tokens_issued_before, disconnected_at) > 0)
    ) WITH (fillfactor = 70)`.execute(db)
  await sql`CREATE INDEX connection_cutoffs_by_time ON connection_cutoffs (set_at)`.execute(db)
  await sql`
    GRANT SELECT, INSERT, UPDATE (tokens_issued_before, disconnected_at, set_at) ON connection_cutoffs
    TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
  await sql`GRANT SELECT ON connection_cutoffs TO ${sql.id(DATABASE_ROLES.gateway)}`.execute(db)
}
