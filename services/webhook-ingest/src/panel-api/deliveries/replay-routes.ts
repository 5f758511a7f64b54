import type { ErrorCode } from '@paxyo/contracts'
import { replayDeliveries, type ReplayDeps, type ReplayResult } from '@paxyo/ledger'
import { replayPageSchema, replayRangeSchema, replayResponseSchema, type ParsedReplayRange } from '@paxyo/panel-client'
import { sql } from 'kysely'
import type { FastifyReply, FastifyRequest } from 'fastify'
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
} from '@paxyo/panel-api-kit'
import { deliveryCursorSchema } from './delivery-range.ts'
import { RECEIVED_AT_EXACT } from './delivery-view.ts'
import { deliveryParams } from './read-delivery.ts'

/** Replays go through the batcher, like webhooks. */
export type ReplayRouteDeps = Pick<ReplayDeps, 'batcher' | 'providers'>

const cursorSchema = z.tuple([...deliveryCursorSchema.def.items, z.iso.datetime({ offset: true })])

const REPLAY_ERRORS: readonly ErrorCode[] = ['queue_full', 'shutting_down']
const REPLAY_DESCRIPTION =
  'Parses the stored body with the current parser, applies it to the current state of the order, and records it as a new ' +
  'delivery. A replay never pays a refund twice. With an Idempotency-Key the same request has its effect once.'

/** `POST /v1/deliveries/:deliveryId/replay` and `POST /v1/deliveries/replay`. */
export function registerReplayRoutes(api: PanelApi, deps: ApiDeps & ReplayRouteDeps): void {
  registerReplayOne(api, deps)
  registerReplayRange(api, deps)
}

function registerReplayOne(api: PanelApi, deps: ApiDeps & ReplayRouteDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    params: deliveryParams,
    ...operation({
      operationId: 'replayDelivery',
      scope: 'reviews',
      tag: 'Deliveries',
      summary: 'Replay a delivery',
      description: REPLAY_DESCRIPTION,
      responses: {
        200: { description: 'The replay is committed.', schema: replayResponseSchema },
      },
      errors: ['delivery_not_found', ...REPLAY_ERRORS],
    }),
  }
  api.post('/v1/deliveries/:deliveryId/replay', { schema }, async (request, reply) => {
    const results = await replay(deps, request, [request.params.deliveryId])
    if (typeof results === 'string') return reject(reply, results)
    if (results.length === 0) return reject(reply, 'delivery_not_found')
    return reply.send({ ...results[0], epoch: await readEpoch(deps) })
  })
}

function registerReplayRange(api: PanelApi, deps: ApiDeps & ReplayRouteDeps): void {
  const schema = {
    headers: idempotencyHeaders,
    body: replayRangeSchema,
    ...operation({
      operationId: 'replayDeliveries',
      scope: 'reviews',
      tag: 'Deliveries',
      summary: 'Replay the deliveries of a time range',
      description: `Replays deliveries in order of arrival, without earlier replays. ${REPLAY_DESCRIPTION}`,
      responses: {
        200: {
          description: 'The replays are committed.',
          schema: replayPageSchema,
        },
      },
      errors: ['invalid_cursor', ...REPLAY_ERRORS],
    }),
  }
  api.post('/v1/deliveries/replay', { schema }, (request, reply) => replayRange(deps, request, request.body, reply))
}

async function replayRange(
  deps: ApiDeps & ReplayRouteDeps,
  request: FastifyRequest,
  range: ParsedReplayRange,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { cursor, limit } = range
  const position = cursor === undefined ? undefined : decodeCursor(cursorSchema, cursor)
  if (cursor !== undefined && position === undefined) return reject(reply, 'invalid_cursor')
  // The first request fixes the end of the range; later pages use the same one.
  const to = position?.[2] ?? range.to ?? new Date().toISOString()

  const rows = await findRange(deps, range, to, position)
  const page = rows.slice(0, limit)
  const results = await replay(
    deps,
    request,
    page.map(({ delivery_id: id }) => id),
  )
  if (typeof results === 'string') return reject(reply, results)
  const last = page.at(-1)
  const nextCursor =
    rows.length > limit && last !== undefined ? encodeCursor([last.received_at_exact, last.delivery_id, to]) : null
  return reply.send({ data: results, nextCursor, epoch: await readEpoch(deps) })
}

function findRange(
  { db }: ApiDeps,
  { from, outcome, limit }: ParsedReplayRange,
  to: string,
  position: readonly [string, string, string] | undefined,
) {
  let query = db
    .selectFrom('deliveries')
    .select(['delivery_id', RECEIVED_AT_EXACT.as('received_at_exact')])
    .where('replay_of', 'is', null)
    .where('received_at', '>=', new Date(from))
    .where('received_at', '<', new Date(to))
    .orderBy('received_at')
    .orderBy('delivery_id')
    .limit(limit + 1)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  if (position !== undefined) {
    query = query.where(sql<boolean>`(received_at, delivery_id) > (${position[0]}::timestamptz, ${position[1]})`)
  }
  return query.execute()
}

async function replay(
  deps: ApiDeps & ReplayRouteDeps,
  request: FastifyRequest,
  deliveryIds: readonly string[],
): Promise<ReplayResult[] | ErrorCode> {
  const key = request.headers['idempotency-key']
  const requestKey = typeof key === 'string' ? key : undefined
  const results = await replayDeliveries({ ...deps, now: () => new Date() }, deliveryIds, requestKey)
  const outcomes = typeof results === 'string' ? results : results.map(({ outcome }) => outcome)
  deps.log.info({ keyId: principalOf(request).id, deliveries: deliveryIds.length, outcomes }, 'deliveries replayed')
  return results
}

async function readEpoch({ db }: ApiDeps): Promise<string> {
  const { epoch } = await db.selectFrom('stream_epoch').select('epoch').executeTakeFirstOrThrow()
  return epoch
}
