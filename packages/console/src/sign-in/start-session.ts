import type { Database } from '@paxyo/database'
import type { FailureThrottle } from '@paxyo/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import type { RelyingParty } from './verify-passkey.ts'
import { sessionCookie } from './cookie.ts'
import type { Passwords } from './password.ts'
import type { SessionStore } from './session-store.ts'
import type { TrustedHeader } from './trusted-header.ts'

/** What every way of signing in needs. */
export interface SignInDeps {
  readonly db: Kysely<Database>
  readonly sessions: SessionStore
  readonly passwords: Passwords
  /** By address, of passwords and links. */
  readonly throttle: FailureThrottle
  /** By name, of passwords: guesses can come from many addresses. */
  readonly nameThrottle: FailureThrottle
  /** By operator, of one-time codes after the right password, and of what a session alone may not do. */
  readonly codeThrottle: FailureThrottle
  /** Undefined when no single sign-on proxy is configured. */
  readonly trustedHeader: TrustedHeader | undefined
  /** Undefined when the console has no configured origin, which passkeys need. */
  readonly party: RelyingParty | undefined
}

/** Starts a session; its entry is in the audit log already. */
export async function startSession(
  { sessions }: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  operatorId: string,
): Promise<FastifyReply> {
  const token = await sessions.start(operatorId, request.ip)
  return reply.header('set-cookie', sessionCookie(request, token)).send({ operatorId })
}
