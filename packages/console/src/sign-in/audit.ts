import { appendAuditEntry, type AuditEntry, type Database, type Operator } from '@paxyo/database'
import type { FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'

type Author = Pick<Operator, 'operatorId' | 'name'>

/** The entry of what an operator did at the door: signing in and out. */
export function signInEntry(
  request: FastifyRequest,
  action: string,
  { operatorId, name }: Author,
  result = 'ok',
): AuditEntry {
  return {
    actor: operatorId,
    actorName: name,
    action,
    subject: operatorId,
    note: null,
    before: null,
    after: null,
    result,
    address: request.ip,
  }
}

/** Appends such an entry; the session must not start without it. */
export function auditSignIn(db: Kysely<Database>, ...parameters: Parameters<typeof signInEntry>): Promise<void> {
  return appendAuditEntry(db, signInEntry(...parameters))
}
