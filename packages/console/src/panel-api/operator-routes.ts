import {
  changeOperator,
  createPasswordLink,
  inviteOperator,
  listOperators,
  type AuditActor,
  type Database,
  type Operator,
  type OperatorLink,
} from '@paxyo/database'
import { auditedRequest, operation, principalOf, reject, type PanelApi } from '@paxyo/panel-api-kit'
import {
  changeOperatorSchema,
  invitedOperatorSchema,
  inviteOperatorSchema,
  operatorIdSchema,
  operatorLinkSchema,
  operatorListSchema,
  operatorSchema,
  ROLE_SCOPES,
  type OperatorLinkView,
  type OperatorRole,
  type OperatorView,
} from '@paxyo/panel-client'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Kysely } from 'kysely'
import { z } from 'zod'

const params = z.object({ operatorId: operatorIdSchema })
const COMMON = { scope: 'operators', tag: 'Operators' } as const

/** `/v1/operators`: the people who use the console. */
export function registerOperatorRoutes(api: PanelApi, { db }: { readonly db: Kysely<Database> }): void {
  registerList(api, db)
  registerInvite(api, db)
  registerChange(api, db)
  registerPasswordLink(api, db)
}

function registerList(api: PanelApi, db: Kysely<Database>): void {
  const schema = operation({
    ...COMMON,
    operationId: 'listOperators',
    summary: 'List the operators of the console',
    responses: { 200: { description: 'All of them, by name.', schema: operatorListSchema } },
  })
  api.get('/v1/operators', { schema }, async (_request, reply) =>
    reply.send({ data: (await listOperators(db)).map(toView) }),
  )
}

function registerInvite(api: PanelApi, db: Kysely<Database>): void {
  const schema = {
    body: inviteOperatorSchema,
    ...operation({
      ...COMMON,
      operationId: 'inviteOperator',
      summary: 'Invite an operator',
      description:
        'The link is for the person alone, who chooses a password with it. It is shown once. Inviting, promoting and a ' +
        'new password link need all scopes of the role.',
      responses: { 201: { description: 'The operator and the link.', schema: invitedOperatorSchema } },
      errors: ['operator_exists'],
    }),
  }
  api.post('/v1/operators', { schema }, async (request, reply) => {
    const { name, role } = request.body
    if (!mayGrant(request, role)) return rejectGrant(reply, role)
    const refundLimit = request.body.role === 'support' ? request.body.refundLimit : null
    const invited = await inviteOperator(db, { name, role, refundLimit }, actorOf(request))
    if (typeof invited === 'string') return reject(reply, invited)
    return reply.code(201).send({ operator: toView(invited.operator), ...toLink(invited.link) })
  })
}

function registerChange(api: PanelApi, db: Kysely<Database>): void {
  const schema = {
    params,
    body: changeOperatorSchema,
    ...operation({
      ...COMMON,
      operationId: 'changeOperator',
      summary: 'Change the role of an operator, the limit of its refunds, or whether it can sign in',
      description: 'Takes effect within a second. One active owner always remains.',
      responses: { 200: { description: 'The operator after the change.', schema: operatorSchema } },
      errors: ['operator_not_found', 'last_owner'],
    }),
  }
  api.patch('/v1/operators/:operatorId', { schema }, async (request, reply) => {
    const { role } = request.body
    if (role !== undefined && !mayGrant(request, role)) return rejectGrant(reply, role)
    const changed = await changeOperator(db, request.params.operatorId, request.body, actorOf(request))
    return typeof changed === 'string' ? reject(reply, changed) : reply.send(toView(changed))
  })
}

function registerPasswordLink(api: PanelApi, db: Kysely<Database>): void {
  const schema = {
    params,
    ...operation({
      ...COMMON,
      operationId: 'createPasswordLink',
      summary: 'Create a link for a new password of an operator',
      description: 'Using it ends the sessions of the operator, and removes the one-time codes that are set up.',
      responses: { 201: { description: 'The link.', schema: operatorLinkSchema } },
      errors: ['operator_not_found'],
    }),
  }
  api.post('/v1/operators/:operatorId/password-link', { schema }, async (request, reply) => {
    const { operatorId } = request.params
    const operator = (await listOperators(db)).find((one) => one.operatorId === operatorId)
    const role = operator?.role as OperatorRole | undefined
    if (role !== undefined && !mayGrant(request, role)) return rejectGrant(reply, role)
    const link = await createPasswordLink(db, operatorId, actorOf(request))
    return typeof link === 'string' ? reject(reply, link) : reply.code(201).send(toLink(link))
  })
}

/** A sender with few scopes must not get more of them as the operator that it invites, promotes or signs in. */
function mayGrant(request: FastifyRequest, role: OperatorRole): boolean {
  const { scopes } = principalOf(request)
  return ROLE_SCOPES[role].every((scope) => scopes.has(scope))
}

const rejectGrant = (reply: FastifyReply, role: OperatorRole): FastifyReply =>
  reject(reply, 'scope_missing', `a sender without all scopes of the role \`${role}\` cannot give it`)

/** The change is written to the audit log in its own transaction. */
function actorOf(request: FastifyRequest): AuditActor {
  const { actor, actorName, address } = auditedRequest(request)
  return { actor, actorName, address }
}

const toLink = ({ token, expiresAt }: OperatorLink): OperatorLinkView => ({
  link: `/console/#link=${token}`,
  expiresAt: expiresAt.toISOString(),
})

const toView = ({ role, createdAt, lastSeenAt, ...operator }: Operator): OperatorView => ({
  ...operator,
  role: role as OperatorRole,
  createdAt: createdAt.toISOString(),
  lastSeenAt: lastSeenAt?.toISOString() ?? null,
})
