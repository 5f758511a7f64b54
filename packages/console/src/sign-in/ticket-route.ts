import { hashToken, makeToken, type Database } from '@paxyo/database'
import type { PanelApi } from '@paxyo/panel-api-kit'
import { sql, type Kysely } from 'kysely'
import { sessionToken } from './cookie.ts'

/** The path of the operator's socket at the gateway. Proxies serve it on the console's own host. */
const SOCKET_PATH = '/operations'
const TICKET_SECONDS = 30
/** A page uses its ticket at once; more at a time are those of a mistake. */
const TICKETS_OF_SESSION_MAX = 20

/**
 * Issues tickets for the operator's socket, to requests with a session. A socket sends no header, and its address would be
 * logged, so that neither the cookie's token nor a long-lived secret may be in it.
 */
export function registerTicket(api: PanelApi, db: Kysely<Database>): void {
  api.post('/console/api/ticket', async (request, reply) => {
    const { token: ticket, hash } = makeToken()
    const expiresAt = await storeTicket(db, hash, hashToken(sessionToken(request)!))
    return reply.send({ url: SOCKET_PATH, ticket, expiresAt: expiresAt.toISOString() })
  })
}

async function storeTicket(db: Kysely<Database>, ticketHash: Buffer, sessionHash: Buffer): Promise<Date> {
  const { rows } = await sql<{ expires_at: Date }>`
    WITH surplus AS (
      DELETE FROM operations_tickets WHERE expires_at <= clock_timestamp() OR ticket_hash IN (
        SELECT ticket_hash FROM operations_tickets WHERE session_hash = ${sessionHash}
        ORDER BY expires_at DESC OFFSET ${TICKETS_OF_SESSION_MAX - 1})
    )
    INSERT INTO operations_tickets (ticket_hash, session_hash, expires_at)
    VALUES (${ticketHash}, ${sessionHash}, clock_timestamp() + ${TICKET_SECONDS} * interval '1 second')
    RETURNING expires_at`.execute(db)
  return rows[0]!.expires_at
}
