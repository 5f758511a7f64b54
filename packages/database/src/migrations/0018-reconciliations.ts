import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** When providers were asked about orders, and what scheduled reconciliation found. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Beside the orders, so that asking does not write their rows and webhooks do not write these.
  await sql`
    CREATE TABLE reconciliations (
      order_id text PRIMARY KEY REFERENCES orders,
      tried_at timestamptz NOT NULL,
      -- The last question with a response; null when every request failed.
      asked_at timestamptz
    ) WITH (fillfactor = 70)`.execute(db)
  await sql`
    CREATE TABLE reconcile_runs (
      run_id     uuid PRIMARY KEY,
      started_at timestamptz NOT NULL,
      -- Null while it runs, and when its process ended.
      ended_at   timestamptz,
      asked      integer NOT NULL DEFAULT 0 CHECK (asked >= 0),
      changed    integer NOT NULL DEFAULT 0 CHECK (changed BETWEEN 0 AND asked),
      -- Orders that had ended at the provider, although no webhook had said so.
      late       integer NOT NULL DEFAULT 0 CHECK (late BETWEEN 0 AND changed),
      -- What a provider said when it could not be asked.
      error      text
    )`.execute(db)
  await sql`CREATE INDEX reconcile_runs_by_time ON reconcile_runs (started_at)`.execute(db)
  await sql`
    GRANT SELECT, INSERT, UPDATE (tried_at, asked_at) ON reconciliations TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(
    db,
  )
  await sql`
    GRANT SELECT, INSERT, DELETE, UPDATE (ended_at, asked, changed, late, error) ON reconcile_runs
    TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
