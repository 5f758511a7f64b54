import { sql, type Kysely } from 'kysely'
import { DATABASE_ROLES } from '../roles.ts'

/**
 * The tickets with which consoles open a socket at a gateway. webhook-ingest issues them, and a gateway deletes the one
 * that it accepts: the only rows that a gateway changes.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE operations_tickets (
      -- SHA-256 of the ticket, which has 256 random bits.
      ticket_hash  bytea PRIMARY KEY CHECK (length(ticket_hash) = 32),
      session_hash bytea NOT NULL REFERENCES operator_sessions ON DELETE CASCADE,
      expires_at   timestamptz NOT NULL
    )`.execute(db)
  await sql`CREATE INDEX operations_tickets_of_session ON operations_tickets (session_hash)`.execute(db)
  await sql`GRANT SELECT, INSERT, DELETE ON operations_tickets TO ${sql.id(DATABASE_ROLES.ingest)}`.execute(db)
  await sql`GRANT SELECT, DELETE ON operations_tickets TO ${sql.id(DATABASE_ROLES.gateway)}`.execute(db)
  // Enough to know when a session ends.
  await sql`
    GRANT SELECT (session_hash, operator_id, expires_at) ON operator_sessions
    TO ${sql.id(DATABASE_ROLES.gateway)}`.execute(db)
  await sql`
    GRANT SELECT (operator_id, disabled_at) ON operators TO ${sql.id(DATABASE_ROLES.gateway)}`.execute(db)
}
