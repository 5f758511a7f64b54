import { problem, type ErrorCode } from '@paxyo/contracts'
import type { FastifyReply } from 'fastify'
import type { ConnectionRejection } from '../observe/metrics.ts'

/** Rejected clients receive different times to retry within this period. */
const RETRY_AFTER_S_MAX = 10

/** The error codes of rejections; those that another gateway or a later retry avoids have the status 503. */
const REJECTIONS: Readonly<Record<ConnectionRejection | 'upgrade_required', ErrorCode>> = {
  origin: 'origin_not_allowed',
  draining: 'shutting_down',
  connections: 'connection_limit',
  handshakes: 'connection_limit',
  upgrade_required: 'upgrade_required',
}

/**
 * Says why a connection is rejected. A page cannot read the response to a WebSocket's handshake, but it can `fetch` the
 * same URL, from any origin: the response contains nothing that depends on the user.
 */
export function explainRejection(reply: FastifyReply, rejection: keyof typeof REJECTIONS): FastifyReply {
  const body = problem(REJECTIONS[rejection])
  void reply.code(body.status).header('access-control-allow-origin', '*').header('cache-control', 'no-store')
  if (body.status === 503) {
    void reply.header('retry-after', 1 + Math.floor(Math.random() * RETRY_AFTER_S_MAX))
    // Else a page of another origin cannot read it.
    void reply.header('access-control-expose-headers', 'retry-after')
  }
  if (body.status === 426) void reply.header('upgrade', 'websocket')
  return reply.type('application/problem+json').send(body)
}
