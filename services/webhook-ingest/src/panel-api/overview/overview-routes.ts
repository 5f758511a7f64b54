import { search, summarizeDays, summarizeToday } from '@paxyo/ledger'
import { operation, type PanelApi } from '@paxyo/panel-api-kit'
import { daysQuery, daysSchema, searchQuery, searchResultSchema, todayQuery, todaySchema } from '@paxyo/panel-client'
import type { Pool } from 'pg'
import type { GatewayLink } from '../../gateways/gateway-link.ts'

export interface OverviewDeps {
  readonly pool: Pool
  readonly gateways: GatewayLink
}

/** `GET /v1/search` and `/v1/summary/…`: what the console's first pages show. */
export function registerOverviewRoutes(api: PanelApi, { pool, gateways }: OverviewDeps): void {
  const searchRoute = {
    querystring: searchQuery,
    ...operation({
      operationId: 'search',
      scope: 'read',
      tag: 'Overview',
      summary: 'Find orders and users',
      description:
        'Ids must be complete; a link is found by its beginning. The newest of at most 200 orders come first.',
      responses: { 200: { description: 'What was found.', schema: searchResultSchema } },
    }),
  }
  api.get('/v1/search', { schema: searchRoute }, async (request, reply) =>
    reply.send(await search(pool, request.query.q)),
  )

  const todayRoute = {
    querystring: todayQuery,
    ...operation({
      operationId: 'summarizeToday',
      scope: 'read',
      tag: 'Overview',
      summary: 'Sum up today',
      responses: { 200: { description: 'Today, and what is waiting.', schema: todaySchema } },
    }),
  }
  api.get('/v1/summary/today', { schema: todayRoute }, async (request, reply) => {
    const timeZone = knownTimeZone(request.query.timeZone)
    const summary = await summarizeToday(pool, timeZone)
    const sumOf = (count: 'users' | 'connections'): number =>
      gateways.gateways.reduce((sum, gateway) => sum + gateway[count], 0)
    const online = gateways.isReady ? { users: sumOf('users'), connections: sumOf('connections') } : null
    return reply.send({ ...summary, timeZone, online })
  })

  const daysRoute = {
    querystring: daysQuery,
    ...operation({
      operationId: 'summarizeDays',
      scope: 'read',
      tag: 'Overview',
      summary: 'Sum up refunds and webhooks by day',
      description: 'Reads every delivery of these days: for a large panel, ask for a few days at a time.',
      responses: { 200: { description: 'The sums.', schema: daysSchema } },
    }),
  }
  api.get('/v1/summary/days', { schema: daysRoute }, async (request, reply) => {
    const { fromDay: from, toDay: to } = request.query
    const timeZone = knownTimeZone(request.query.timeZone)
    return reply.send({ timeZone, ...(await summarizeDays(pool, { from, to, timeZone })) })
  })
}

/** PostgreSQL reads the sign of an offset the other way round, so that only names are used. */
function knownTimeZone(name: string): string {
  try {
    return /^[A-Za-z]/.test(name) ? Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone : 'UTC'
  } catch {
    return 'UTC'
  }
}
