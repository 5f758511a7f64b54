import { revokeToken, setCutoff, type SetCutoff } from '@paxyo/ledger'
import {
  connectionCountsSchema,
  disconnectedSchema,
  revokedTokenSchema,
  revokedTokensSchema,
  tokenRevocationSchema,
  userConnectionsSchema,
  type UserConnection,
} from '@paxyo/panel-client'
import type { Database } from '@paxyo/database'
import { readVersion } from '@paxyo/service-kit'
import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { GatewayResponses, GatewayConnection, GatewayLink } from '../../gateways/gateway-link.ts'
import {
  type ApiDeps,
  type Principal,
  principalOf,
  idempotencyHeaders,
  operation,
  type PanelApi,
  reject,
  userParams,
} from '@paxyo/panel-api-kit'
import { browserName } from './browser-name.ts'

export interface ConnectionRouteDeps extends Pick<ApiDeps, 'db' | 'log'> {
  readonly pool: Pool
  readonly gateways: GatewayLink
}

/** `/v1/connections` and `/v1/users/{userId}/…`: who is connected, and ending it. */
export function registerConnectionRoutes(api: PanelApi, deps: ConnectionRouteDeps): void {
  registerReads(api, deps)
  registerCutoffs(api, deps)
  registerRevocation(api, deps)
}

function registerReads(api: PanelApi, { db, gateways }: ConnectionRouteDeps): void {
  const version = readVersion()
  const countSchema = operation({
    operationId: 'countConnections',
    scope: 'read',
    tag: 'Connections',
    summary: 'Count the users online',
    description: 'Adds up what the gateways announced in the last seconds. A user may have several connections.',
    responses: { 200: { description: 'The counts, in all and by gateway.', schema: connectionCountsSchema } },
    errors: ['bus_unavailable'],
  })
  api.get('/v1/connections', { schema: countSchema }, async (_request, reply) => {
    if (!gateways.isReady) return reject(reply, 'bus_unavailable')
    const known = gateways.gateways
    const sumOf = (count: 'users' | 'connections'): number => known.reduce((sum, gateway) => sum + gateway[count], 0)
    return reply.send({ users: sumOf('users'), connections: sumOf('connections'), version, gateways: known })
  })

  const listSchema = {
    params: userParams,
    ...operation({
      operationId: 'listUserConnections',
      scope: 'read',
      tag: 'Connections',
      summary: 'List the connections of a user',
      description:
        'Asks all gateways and waits for at most a second. The list is complete when all known gateways have responded.',
      responses: { 200: { description: 'The open connections.', schema: userConnectionsSchema } },
      errors: ['bus_unavailable'],
    }),
  }
  api.get('/v1/users/:userId/connections', { schema: listSchema }, async (request, reply) => {
    const { userId } = request.params
    const responses = await gateways.ask({ type: 'connections', userId })
    if (responses === undefined) return reject(reply, 'bus_unavailable')
    const { seq, seen } = await readProgress(db, userId)
    const connections = responses.connections.map((connection) => toView(connection, seq))
    return reply.send({ userId, connections, seq, seen, gateways: responses.gateways })
  })
}

function registerCutoffs(api: PanelApi, deps: ConnectionRouteDeps): void {
  const disconnectSchema = {
    headers: idempotencyHeaders,
    params: userParams,
    ...operation({
      operationId: 'disconnectUser',
      scope: 'tokens',
      tag: 'Connections',
      summary: 'Close the connections of a user',
      description:
        'Takes effect within a second on every gateway, also while Redis is unavailable. The browsers reconnect; revoke ' +
        'the tokens to prevent that.',
      responses: { 200: { description: 'It is committed.', schema: disconnectedSchema } },
    }),
  }
  api.post('/v1/users/:userId/disconnect', { schema: disconnectSchema }, async (request, reply) => {
    const { userId } = request.params
    const { cutoff, outcome } = await cutOff(deps, userId, 'disconnect')
    logAction(deps, principalOf(request), { userId, address: request.ip }, 'user disconnected')
    return reply.send({ userId, disconnectedAt: cutoff.disconnectedAt!.toISOString(), ...outcome })
  })

  const revokeSchema = {
    headers: idempotencyHeaders,
    params: userParams,
    ...operation({
      operationId: 'revokeTokens',
      scope: 'tokens',
      tag: 'Connections',
      summary: 'Revoke the browser tokens of a user',
      description:
        'Revokes all tokens that were issued before now, by their `iat`; a token without `iat` counts as older. Their ' +
        'connections are closed within a second on every gateway, also while Redis is unavailable, and no gateway accepts ' +
        'them again. The browsers get a new token from the panel, if the user is still logged in there.',
      responses: { 200: { description: 'It is committed.', schema: revokedTokensSchema } },
    }),
  }
  api.post('/v1/users/:userId/revoke-tokens', { schema: revokeSchema }, async (request, reply) => {
    const { userId } = request.params
    const { cutoff, outcome } = await cutOff(deps, userId, 'revoke')
    logAction(deps, principalOf(request), { userId, address: request.ip }, 'tokens revoked')
    return reply.send({ userId, tokensIssuedBefore: cutoff.tokensIssuedBefore!.toISOString(), ...outcome })
  })
}

function registerRevocation(api: PanelApi, deps: ConnectionRouteDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: tokenRevocationSchema,
    ...operation({
      operationId: 'revokeToken',
      scope: 'tokens',
      tag: 'Tokens',
      summary: 'Revoke one browser token',
      description:
        'For a logout in one browser. The connections with the token are closed within a second on every gateway, also while ' +
        'Redis is unavailable, and no gateway accepts it again.',
      responses: { 200: { description: 'It is committed.', schema: revokedTokenSchema } },
    }),
  }
  api.post('/v1/tokens/revoke', { schema }, async (request, reply) => {
    const { userId, jti } = request.body
    const expiresAt = await revokeToken(deps.pool, { userId, jti, expiresAt: new Date(request.body.expiresAt) })
    const outcome = outcomeOf(await deps.gateways.ask({ type: 'revoked_token', userId, jti }))
    logAction(deps, principalOf(request), { userId, address: request.ip }, 'token revoked')
    return reply.send({ userId, jti, expiresAt: expiresAt.toISOString(), ...outcome })
  })
}

interface Outcome {
  readonly closed: number | null
  readonly gateways: GatewayResponses['gateways'] | null
}

const outcomeOf = (responses: GatewayResponses | undefined): Outcome => ({
  closed: responses?.connections.length ?? null,
  gateways: responses?.gateways ?? null,
})

/** Commits a cutoff, and only then tells the gateways, so that a join that misses the message reads the row. */
async function cutOff(
  { pool, gateways }: ConnectionRouteDeps,
  userId: string,
  kind: 'revoke' | 'disconnect',
): Promise<{ cutoff: SetCutoff; outcome: Outcome }> {
  const cutoff = await setCutoff(pool, userId, kind)
  const responses = await gateways.ask({
    type: 'cutoff',
    userId,
    tokensIssuedBefore: cutoff.tokensIssuedBefore?.toISOString() ?? null,
    disconnectedAt: cutoff.disconnectedAt?.toISOString() ?? null,
  })
  return { cutoff, outcome: outcomeOf(responses) }
}

/** Logged with the key, so that the author is known afterwards. */
function logAction(
  { log }: ConnectionRouteDeps,
  { id, name }: Principal,
  fields: { readonly userId: string; readonly address: string },
  message: string,
): void {
  log.info({ key: name, keyId: id, ...fields }, message)
}

function toView({ gatewayId, userAgent, sentSeq, ...report }: GatewayConnection, seq: number): UserConnection {
  const lag = sentSeq === null ? 0 : Math.max(0, seq - sentSeq)
  return { gatewayId, ...report, userAgent, browser: browserName(userAgent), sentSeq, lag }
}

/** The end of a user's stream, and how far the user has seen it. */
async function readProgress(
  db: Kysely<Database>,
  userId: string,
): Promise<{ seq: number; seen: { seq: number; at: string } | null }> {
  const account = await db.selectFrom('accounts').select('last_seq').where('user_id', '=', userId).executeTakeFirst()
  const receipt = await db
    .selectFrom('receipts')
    .select(['seq', 'seen_at'])
    .where('user_id', '=', userId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return {
    seq: account?.last_seq ?? 0,
    seen: receipt === undefined ? null : { seq: receipt.seq, at: receipt.seen_at.toISOString() },
  }
}
