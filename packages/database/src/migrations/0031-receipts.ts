import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/** The reports of gateways about users' streams: how far it was sent, and how far a browser has shown it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Cumulative: the user has seen every event up to the seq. The earliest row that covers an event says when.
  await sql`
    CREATE TABLE receipts (
      user_id text NOT NULL,
      seq     bigint NOT NULL CHECK (seq > 0),
      seen_at timestamptz NOT NULL,
      PRIMARY KEY (user_id, seq)
    )`.execute(db)
  await sql`
    CREATE TABLE sent_positions (
      user_id     text NOT NULL,
      seq         bigint NOT NULL CHECK (seq > 0),
      gateway_id  text NOT NULL,
      -- Of this gateway, when it had sent every event up to the seq.
      connections integer NOT NULL CHECK (connections > 0),
      sent_at     timestamptz NOT NULL,
      PRIMARY KEY (user_id, seq, gateway_id)
    )`.execute(db)
  // For retention. Rows are appended in about this order, so that an index of ranges is enough.
  await sql`CREATE INDEX receipts_by_time ON receipts USING brin (seen_at)`.execute(db)
  await sql`CREATE INDEX sent_positions_by_time ON sent_positions USING brin (sent_at)`.execute(db)
  await sql`GRANT SELECT, INSERT ON receipts, sent_positions TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
}
