import type { ErrorCode } from '@paxyo/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { throttledAddress, type FailureThrottle } from './failure-throttle.ts'
import { sendProblem } from './http-server.ts'

export interface Rejection {
  readonly throttle: FailureThrottle
  /** What the client must send. */
  readonly detail: string
  /** For the log line, without secrets. */
  readonly fields?: object
  /** The error while the address is within its limit. */
  readonly code?: ErrorCode
  /** The address for which the failure counts, when it is not that of `throttledAddress`. */
  readonly address?: string | undefined
}

/**
 * Rejects a request without valid credentials, with 429 in place of 401 when its address has failed too often.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * const throttle = createFailureThrottle({ door: 'shop', now: () => performance.now(), log, onFailure: () => undefined })
 * app.get('/', (request, reply) => rejectUnauthenticated(request, reply, { throttle, detail: 'Send a key.' }))
 * (await app.inject('/')).statusCode //=> 401
 */
export function rejectUnauthenticated(
  request: FastifyRequest,
  reply: FastifyReply,
  { throttle, detail, fields, code = 'unauthorized', address = throttledAddress(request) }: Rejection,
): FastifyReply {
  const retryAfterS = throttle.failed(address, fields)
  if (retryAfterS > 0) return sendProblem(reply.header('retry-after', retryAfterS), 'authentication_throttled', detail)
  return sendProblem(reply, code, detail)
}
