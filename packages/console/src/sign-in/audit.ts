import { appendAuditEntry, type AuditEntry, type Database, type Operator } from '@paxyo/database'
import type { FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'

type Author = Pick<Operator, 'operatorId' | 'name'>

/** How an operator signed in. */
export interface SignInMethod {
  readonly method: 'password' | 'password and code' | 'password and passkey' | 'passkey' | 'proxy'
}

/** The entry of what an operator did at the door: signing in and out. */
export function signInEntry(
  request: FastifyRequest,
  action: string,
  { operatorId, name }: Author,
  result = 'ok',
  after: SignInMethod | null = null,
): AuditEntry {
  return {
    actor: operatorId,
    actorName: name,
    action,
    subject: operatorId,
    note: null,
    before: null,
    after,
    result,
    address: request.ip,
  }
}

/** Appends such an entry; the session must not start without it. */
export function auditSignIn(db: Kysely<Database>, ...parameters: Parameters<typeof signInEntry>): Promise<void> {
  return appendAuditEntry(db, signInEntry(...parameters))
}
