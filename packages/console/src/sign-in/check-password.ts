import type { Database, Operator } from '@paxyo/database'
import { reject } from '@paxyo/panel-api-kit'
import { rejectUnauthenticated } from '@paxyo/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import { auditSignIn } from './audit.ts'
import { senderAddress } from './sender-address.ts'
import type { SignInDeps } from './start-session.ts'

/** What an operator does that needs more than a session, such as that of an unlocked computer. */
export interface Attempt {
  readonly operator: Operator
  readonly action: string
}

/**
 * Checks the password of an operator with a session.
 *
 * A reply is no result: awaiting one waits for its response, and gives undefined.
 *
 * @returns false after a response that rejects the request: the password is wrong, or cannot be checked now.
 */
export async function checkPassword(
  deps: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, action, password }: Attempt & { readonly password: string },
): Promise<boolean> {
  const waitS = waitOf(deps, request, operator)
  if (waitS > 0) {
    void reject(reply.header('retry-after', waitS), 'authentication_throttled')
    return false
  }
  const row = await readOperator(deps.db, operator.operatorId)
  const isRight = await deps.passwords.verify(password, row?.password_hash ?? undefined)
  if (isRight === undefined) void reject(reply, 'queue_full')
  else if (!isRight) await rejectAttempt(deps, request, reply, { operator, action, detail: 'the password is wrong' })
  return isRight === true
}

/** Codes and passwords can be guessed with the session of another person, too. */
export const waitOf = (
  { throttle, codeThrottle }: SignInDeps,
  request: FastifyRequest,
  { operatorId }: Operator,
): number => Math.max(throttle.waitS(senderAddress(request)), codeThrottle.waitS(operatorId))

/** Records, counts and rejects a wrong attempt. */
export async function rejectAttempt(
  { db, throttle, codeThrottle }: SignInDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, action, detail }: Attempt & { readonly detail: string },
): Promise<FastifyReply> {
  await auditSignIn(db, request, action, operator, 'sign_in_failed')
  codeThrottle.failed(operator.operatorId)
  const address = senderAddress(request)
  return rejectUnauthenticated(request, reply, { throttle, address, code: 'sign_in_failed', detail })
}

export function readOperator(db: Kysely<Database>, operatorId: string) {
  return db.selectFrom('operators').selectAll().where('operator_id', '=', operatorId).executeTakeFirst()
}
