import type { ErrorCode } from '@paxyo/contracts'
import { replayRejected, type ReplayRejectedDeps } from '@paxyo/ledger'
import {
  fullRejectedRequestSchema,
  listRejectedRequestsQuery,
  pageSchema,
  rejectedReplayPageSchema,
  rejectedReplaySchema,
  rejectedRequestSchema,
  replayRejectedSchema,
  type RejectedReplay,
} from '@paxyo/panel-client'
import { z } from 'zod'
import {
  type ApiDeps,
  principalOf,
  decodeCursor,
  encodeCursor,
  idempotencyHeaders,
  operation,
  type PanelApi,
  reject,
  toPage,
} from '@paxyo/panel-api-kit'
import { toFullRejectedRequest, toRejectedRequest } from './rejected-request-view.ts'

const params = z.object({ requestId: z.uuid() })
const cursorSchema = z.tuple([z.uuid()])
const NOT_COMMITTED: readonly ErrorCode[] = ['queue_full', 'shutting_down']
const WHAT_IT_DOES = 'It is read with the current parser and configuration. A replay pays no refund twice.'

/** `/v1/rejected-requests`: authenticated webhooks that could not be read. */
export function registerRejectedRequestRoutes(api: PanelApi, deps: ApiDeps & ReplayRejectedDeps): void {
  registerList(api, deps)
  registerRead(api, deps)
  registerReplayOne(api, deps)
  registerReplayAll(api, deps)
}

function registerList(api: PanelApi, { rejectedRequests }: ReplayRejectedDeps): void {
  const schema = {
    querystring: listRejectedRequestsQuery,
    ...operation({
      operationId: 'listRejectedRequests',
      scope: 'read',
      tag: 'Rejected requests',
      summary: 'List webhooks that could not be read, the newest first',
      responses: { 200: { description: 'A page of them.', schema: pageSchema(rejectedRequestSchema) } },
      errors: ['invalid_cursor'],
    }),
  }
  api.get('/v1/rejected-requests', { schema }, async (request, reply) => {
    const { limit, cursor, provider, state } = request.query
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')
    const rows = await rejectedRequests.list({ provider, state, before: position?.[0], limit: limit + 1 })
    return reply.send(toPage(rows, limit, (row) => [row.request_id], toRejectedRequest))
  })
}

function registerRead(api: PanelApi, { rejectedRequests }: ReplayRejectedDeps): void {
  const schema = {
    params,
    ...operation({
      operationId: 'readRejectedRequest',
      scope: 'read',
      tag: 'Rejected requests',
      summary: 'Read a rejected request with its body',
      responses: { 200: { description: 'The request.', schema: fullRejectedRequestSchema } },
      errors: ['rejected_request_not_found'],
    }),
  }
  api.get('/v1/rejected-requests/:requestId', { schema }, async (request, reply) => {
    const row = await rejectedRequests.read(request.params.requestId)
    return row === undefined ? reject(reply, 'rejected_request_not_found') : reply.send(toFullRejectedRequest(row))
  })
}

function registerReplayOne(api: PanelApi, deps: ApiDeps & ReplayRejectedDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params,
    ...operation({
      operationId: 'replayRejectedRequest',
      scope: 'reviews',
      tag: 'Rejected requests',
      summary: 'Replay a rejected request',
      description: WHAT_IT_DOES,
      responses: {
        200: {
          description: 'The result of each update, or why the request cannot be read.',
          schema: rejectedReplaySchema,
        },
      },
      errors: ['rejected_request_not_found', ...NOT_COMMITTED],
    }),
  }
  api.post('/v1/rejected-requests/:requestId/replay', { schema }, async (request, reply) => {
    const row = await deps.rejectedRequests.read(request.params.requestId)
    if (row === undefined) return reject(reply, 'rejected_request_not_found')
    const result = await replayRejected(deps, row)
    if (typeof result === 'string') return reject(reply, result)
    logReplays(deps, principalOf(request).id, [result])
    return reply.send(result)
  })
}

function registerReplayAll(api: PanelApi, deps: ApiDeps & ReplayRejectedDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: replayRejectedSchema,
    ...operation({
      operationId: 'replayRejectedRequests',
      scope: 'reviews',
      tag: 'Rejected requests',
      summary: 'Replay rejected requests, the oldest first',
      description: `Those that are open. ${WHAT_IT_DOES}`,
      responses: { 200: { description: 'The result of each.', schema: rejectedReplayPageSchema } },
      errors: ['invalid_cursor', ...NOT_COMMITTED],
    }),
  }
  api.post('/v1/rejected-requests/replay', { schema }, async (request, reply) => {
    const { provider, limit, cursor } = request.body
    const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
    if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')
    const rows = await deps.rejectedRequests.readOpen({ provider, after: position?.[0], limit: limit + 1 })
    const results: RejectedReplay[] = []
    // One after the other: the updates of an order are committed in the order of their arrival.
    for (const row of rows.slice(0, limit)) {
      const result = await replayRejected(deps, row)
      if (typeof result === 'string') return reject(reply, result)
      results.push(result)
    }
    logReplays(deps, principalOf(request).id, results)
    return reply.send({
      data: results,
      nextCursor: rows.length > limit ? encodeCursor([results.at(-1)!.requestId]) : null,
    })
  })
}

function logReplays({ log }: ApiDeps, keyId: string, results: readonly RejectedReplay[]): void {
  const unreadable = results.filter(({ error }) => error !== null).length
  log.info({ keyId, requests: results.length, unreadable }, 'rejected requests replayed')
}
