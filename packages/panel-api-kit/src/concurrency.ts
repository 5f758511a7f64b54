import type { ConcurrencyLimiter } from '@paxyo/service-kit'
import type { PanelApi } from './api.ts'
import { reject } from './response.ts'

/**
 * Limits the concurrent requests of the routes that are added after this call, so that database connections remain for
 * webhooks.
 *
 * @param writes limits requests that can change something, which wait for the locks of accounts.
 * @param reads limits the others, so that these locks do not delay them.
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * boundConcurrency(api, createConcurrencyLimiter(1, 0, 1_000))
 * api.get('/', () => 'done')
 * (await api.inject('/')).body //=> 'done'
 */
export function boundConcurrency(api: PanelApi, writes: ConcurrencyLimiter, reads = writes): void {
  const leaveByRequest = new WeakMap<object, () => void>()
  api.addHook('preHandler', async (request, reply) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD'
    const leave = await (isRead ? reads : writes).enter()
    if (leave === undefined) return reject(reply, 'queue_full')
    leaveByRequest.set(request, leave)
  })
  // Before the response is sent: a client that reads it slowly does not block other requests.
  api.addHook('onSend', async (request) => leaveByRequest.get(request)?.())
}
