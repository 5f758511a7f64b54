import { createHash } from 'node:crypto'
import type { Pool } from 'pg'

/** The session of a signed-in operator. */
export interface OperatorSession {
  /** Identifies it, in hex. */
  readonly sessionHash: string
  readonly operatorId: string
  readonly expiresAt: Date
}

export interface OperatorSessions {
  /** Exchanges a ticket for its session, once. @returns undefined when the ticket is unknown, used or expired. */
  redeem(ticket: string): Promise<OperatorSession | undefined>
  /** @returns those of the sessions that have not ended. */
  findOpen(sessionHashes: readonly string[]): Promise<ReadonlySet<string>>
}

// The row is gone afterwards, so that a second gateway does not accept the same ticket.
const REDEEM = `
  DELETE FROM operations_tickets AS ticket USING operator_sessions AS session, operators AS operator
  WHERE ticket.ticket_hash = $1 AND session.session_hash = ticket.session_hash
    AND operator.operator_id = session.operator_id AND operator.disabled_at IS NULL
    AND ticket.expires_at > clock_timestamp() AND session.expires_at > clock_timestamp()
  RETURNING encode(session.session_hash, 'hex') AS "sessionHash", session.operator_id AS "operatorId",
    session.expires_at AS "expiresAt"`

const FIND_OPEN = `
  SELECT encode(session_hash, 'hex') AS "sessionHash" FROM operator_sessions JOIN operators USING (operator_id)
  WHERE disabled_at IS NULL AND session_hash = ANY (SELECT decode(wanted, 'hex') FROM unnest($1::text[]) AS wanted)
    AND expires_at > clock_timestamp()`

/** Reads the sessions that webhook-ingest writes, and deletes the tickets that are used: all that a gateway writes. */
export function createOperatorSessions(pool: Pool): OperatorSessions {
  return {
    async redeem(ticket) {
      const { rows } = await pool.query<OperatorSession>(REDEEM, [createHash('sha256').update(ticket).digest()])
      return rows[0]
    },
    async findOpen(sessionHashes) {
      const { rows } = await pool.query<Pick<OperatorSession, 'sessionHash'>>(FIND_OPEN, [sessionHashes])
      return new Set(rows.map((row) => row.sessionHash))
    },
  }
}
