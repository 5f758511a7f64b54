import { appendAuditEntry, type Database, type Operator } from '@paxyo/database'
import { reject, type PanelApi, type Principal, type SessionAuthentication } from '@paxyo/panel-api-kit'
import { ROLE_SCOPES, type OperatorRole } from '@paxyo/panel-client'
import { rejectUnauthenticated } from '@paxyo/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { auditSignIn, signInEntry } from './audit.ts'
import { isFromOwnPage, sessionCookie, sessionToken } from './cookie.ts'
import { senderAddress } from './sender-address.ts'
import type { SessionStore } from './session-store.ts'
import { codeSchema, passwordSchema, type SignInDeps } from './sign-in-routes.ts'
import { registerTicket } from './ticket-route.ts'
import { acceptCode, describeTotp, newTotpSecret } from './totp.ts'

export interface SessionRouteDeps extends SignInDeps {
  readonly environment: 'production' | 'development'
  readonly version: string
}

/** Identifies the operator of a request by its session. */
export function createSessionAuthentication(sessions: SessionStore): SessionAuthentication {
  return {
    async authenticate(request) {
      const token = sessionToken(request)
      if (token === undefined) return undefined
      if (!isFromOwnPage(request)) return 'cross_site_request'
      const operator = await sessions.find(token)
      return operator && toPrincipal(operator)
    },
  }
}

const toPrincipal = ({ operatorId, name, role }: Operator): Principal => ({
  kind: 'operator',
  id: operatorId,
  name,
  scopes: new Set(ROLE_SCOPES[role as OperatorRole]),
})

const operators = new WeakMap<FastifyRequest, Operator>()

/** What an operator does with the own session: see it, end it, and set up one-time codes. */
export function registerSession(api: PanelApi, deps: SessionRouteDeps): void {
  const { db, sessions } = deps
  api.addHook('onRequest', async (request, reply) => {
    if (!isFromOwnPage(request)) return reject(reply, 'cross_site_request')
    const token = sessionToken(request)
    const operator = token === undefined ? undefined : await sessions.find(token)
    if (operator === undefined) return reject(reply, 'unauthorized', 'sign in first')
    operators.set(request, operator)
  })
  const operatorOf = (request: FastifyRequest): Operator => operators.get(request)!

  api.get('/console/api/session', (request, reply) => {
    const { name, role, refundLimit, hasTotp } = operatorOf(request)
    const { environment, version } = deps
    const scopes = ROLE_SCOPES[role as OperatorRole]
    return reply.send({ operator: { name, role, refundLimit, hasTotp }, scopes, environment, version })
  })
  api.post('/console/api/sign-out', async (request, reply) => {
    await auditSignIn(db, request, 'signOut', operatorOf(request))
    await sessions.end(sessionToken(request)!)
    return reply.header('set-cookie', sessionCookie(request, undefined)).send({})
  })
  api.post('/console/api/sign-out-everywhere', async (request, reply) => {
    const operator = operatorOf(request)
    await auditSignIn(db, request, 'signOutEverywhere', operator)
    await sessions.endAll(operator.operatorId)
    return reply.header('set-cookie', sessionCookie(request, undefined)).send({})
  })
  registerTicket(api, db)
  registerTotp(api, deps, operatorOf)
}

function registerTotp(api: PanelApi, deps: SessionRouteDeps, operatorOf: (request: FastifyRequest) => Operator): void {
  const { db } = deps
  api.post('/console/api/totp', async (request, reply) => {
    const { operatorId, name, hasTotp } = operatorOf(request)
    if (hasTotp) return reject(reply, 'validation_failed', 'one-time codes are set up already; switch them off first')
    const secret = newTotpSecret()
    await db.updateTable('operators').set({ totp_pending: secret }).where('operator_id', '=', operatorId).execute()
    return reply.send(describeTotp(secret, name))
  })
  api.post('/console/api/totp/check', { schema: { body: z.strictObject({ code: codeSchema }) } }, (request, reply) =>
    checkFirstCode(deps, request, reply, { operator: operatorOf(request), code: request.body.code }),
  )
  const body = z.strictObject({ password: passwordSchema })
  api.post('/console/api/totp/off', { schema: { body } }, (request, reply) =>
    switchCodesOff(deps, request, reply, { operator: operatorOf(request), password: request.body.password }),
  )
}

/** The first code shows that the app has the key: from now on, signing in needs a code. */
async function checkFirstCode(
  deps: SessionRouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, code }: { readonly operator: Operator; readonly code: string },
): Promise<FastifyReply> {
  const { db, sessions } = deps
  const { operatorId } = operator
  const waitS = waitOf(deps, request, operator)
  if (waitS > 0) return reject(reply.header('retry-after', waitS), 'authentication_throttled')
  const row = await readOperator(db, operatorId)
  const secret = row?.totp_pending ?? null
  if (secret === null || !(await acceptCode(db, operatorId, secret, code))) {
    return rejectAttempt(deps, request, reply, { operator, action: 'setUpCodes', detail: 'the code is wrong' })
  }
  await db.transaction().execute(async (tx) => {
    const set = { totp_secret: secret, totp_pending: null }
    await tx.updateTable('operators').set(set).where('operator_id', '=', operatorId).execute()
    await appendAuditEntry(tx, signInEntry(request, 'setUpCodes', operator))
  })
  await sessions.reload()
  return reply.send({})
}

/** A session alone, such as that of an unlocked computer, is not enough. */
async function switchCodesOff(
  deps: SessionRouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, password }: { readonly operator: Operator; readonly password: string },
): Promise<FastifyReply> {
  const { db, passwords, sessions } = deps
  const { operatorId } = operator
  const waitS = waitOf(deps, request, operator)
  if (waitS > 0) return reject(reply.header('retry-after', waitS), 'authentication_throttled')
  const row = await readOperator(db, operatorId)
  const isRight = await passwords.verify(password, row?.password_hash ?? undefined)
  if (isRight === undefined) return reject(reply, 'queue_full')
  if (!isRight) {
    return rejectAttempt(deps, request, reply, { operator, action: 'switchCodesOff', detail: 'the password is wrong' })
  }
  await db.transaction().execute(async (tx) => {
    const set = { totp_secret: null, totp_pending: null, totp_step: null }
    await tx.updateTable('operators').set(set).where('operator_id', '=', operatorId).execute()
    await appendAuditEntry(tx, signInEntry(request, 'switchCodesOff', operator))
  })
  await sessions.reload()
  return reply.send({})
}

/** Codes and passwords can be guessed with the session of another person, too. */
const waitOf = (
  { throttle, codeThrottle }: SessionRouteDeps,
  request: FastifyRequest,
  { operatorId }: Operator,
): number => Math.max(throttle.waitS(senderAddress(request)), codeThrottle.waitS(operatorId))

async function rejectAttempt(
  { db, throttle, codeThrottle }: SessionRouteDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { operator, action, detail }: { readonly operator: Operator; readonly action: string; readonly detail: string },
): Promise<FastifyReply> {
  await auditSignIn(db, request, action, operator, 'sign_in_failed')
  codeThrottle.failed(operator.operatorId)
  const address = senderAddress(request)
  return rejectUnauthenticated(request, reply, { throttle, address, code: 'sign_in_failed', detail })
}

function readOperator(db: Kysely<Database>, operatorId: string) {
  return db.selectFrom('operators').selectAll().where('operator_id', '=', operatorId).executeTakeFirst()
}
