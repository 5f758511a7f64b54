import type { Operator } from '@paxyo/database'
import { reject, type PanelApi, type Principal, type SessionAuthentication } from '@paxyo/panel-api-kit'
import { ROLE_SCOPES, type OperatorRole } from '@paxyo/panel-client'
import type { FastifyRequest } from 'fastify'
import { registerPasskeys } from './passkey-routes.ts'
import { auditSignIn } from './audit.ts'
import { isFromOwnPage, sessionCookie, sessionToken } from './cookie.ts'
import type { SignInDeps } from './start-session.ts'
import { registerTicket } from './ticket-route.ts'
import { registerTotp } from './totp-routes.ts'
import { isSameName } from './trusted-header.ts'

export interface SessionRouteDeps extends SignInDeps {
  readonly environment: 'production' | 'development'
  readonly version: string
}

/** Identifies the operator of a request by its session. */
export function createSessionAuthentication(
  deps: Pick<SignInDeps, 'sessions' | 'trustedHeader'>,
): SessionAuthentication {
  return {
    async authenticate(request) {
      if (sessionToken(request) === undefined) return undefined
      if (!isFromOwnPage(request)) return 'cross_site_request'
      const operator = await findOperator(deps, request)
      return operator && toPrincipal(operator)
    },
  }
}

/** The operator of a session, unless a trusted proxy says that the request is from another person. */
async function findOperator(
  { sessions, trustedHeader }: Pick<SignInDeps, 'sessions' | 'trustedHeader'>,
  request: FastifyRequest,
): Promise<Operator | undefined> {
  const token = sessionToken(request)
  const operator = token === undefined ? undefined : await sessions.find(token)
  const name = trustedHeader?.nameOf(request)
  return operator !== undefined && name !== undefined && !isSameName(name, operator.name) ? undefined : operator
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
    const operator = await findOperator(deps, request)
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
  registerPasskeys(api, deps, operatorOf)
}
