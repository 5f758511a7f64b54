import type { ConcurrencyLimiter } from '@paxyo/service-kit'
import type { FastifyRequest } from 'fastify'
import type { PanelApi } from './api.ts'
import { reject } from './response.ts'

/**
 * Limits the concurrent requests of the routes that are added after this call, so that database connections remain for
 * webhooks.
 *
 * @param writes limits requests that can change something, which wait for the locks of accounts: those for one account
 * or one order take one slot, one after the other.
 * @param reads limits the others, so that these locks do not delay them.
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * boundConcurrency(api, createConcurrencyLimiter(1, 0, 1_000))
 * api.get('/', () => 'done')
 * (await api.inject('/')).body //=> 'done'
 */
export function boundConcurrency(api: PanelApi, writes: ConcurrencyLimiter, reads = writes): void {
  const leaveByRequest = new WeakMap<object, () => void>()
  const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD'
  // In a flood a rejection must cost little: before the body is read.
  api.addHook('onRequest', async (request, reply) => {
    if ((isRead(request) ? reads : writes).isFull) return reject(reply, 'queue_full')
  })
  api.addHook('preHandler', async (request, reply) => {
    const leave = await (isRead(request) ? reads.enter() : writes.enter(subjectOf(request)))
    if (leave === undefined) return reject(reply, 'queue_full')
    leaveByRequest.set(request, leave)
  })
  // Before the response is sent: a client that reads it slowly does not block other requests.
  api.addHook('onSend', async (request) => leaveByRequest.get(request)?.())
}

/** What a request that changes something locks, as far as its address or its body says so. */
function subjectOf({ params, body }: FastifyRequest): string | undefined {
  const userId = readText(params, 'userId') ?? readText(body, 'userId')
  if (userId !== undefined) return `user ${userId}`
  const orderId = readText(params, 'orderId')
  return orderId === undefined ? undefined : `order ${orderId}`
}

function readText(object: unknown, name: string): string | undefined {
  const value: unknown = typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined
  return typeof value === 'string' ? value : undefined
}
