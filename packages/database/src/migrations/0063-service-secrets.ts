import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** Which secrets each process knows, and when it saw each used last, so that a person can rotate them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE service_secrets (
      -- A run of a process: a restarted one is another.
      process     text NOT NULL,
      service     text NOT NULL CHECK (service IN ('webhook-ingest', 'ws-gateway')),
      kind        text NOT NULL,
      -- Of webhook tokens; empty for other kinds.
      provider    text NOT NULL,
      -- A few characters of a keyed hash.
      fingerprint text NOT NULL,
      place       integer NOT NULL CHECK (place >= 0),
      known_since timestamptz NOT NULL DEFAULT now(),
      reported_at timestamptz NOT NULL DEFAULT now(),
      used_at     timestamptz,
      PRIMARY KEY (process, kind, provider, fingerprint)
    )`.execute(db)
  await sql`
    GRANT SELECT, INSERT, DELETE, UPDATE (reported_at, used_at)
      ON service_secrets TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
