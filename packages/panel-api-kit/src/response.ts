import { problem, type ErrorCode } from '@paxyo/contracts'
import type { WrittenResponse } from '@paxyo/ledger'
import { sendProblem } from '@paxyo/service-kit'
import type { FastifyReply } from 'fastify'

const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  database_unavailable: 5,
  queue_full: 5,
  bus_unavailable: 5,
  idempotency_key_in_use: 1,
}

/**
 * Sends a serialized response, or rejects the request with an error code.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/', (_request, reply) => sendResponse(reply, { status: 201, json: '{}', isReplay: true }))
 * (await app.inject('/')).headers['idempotent-replayed'] //=> 'true'
 */
export function sendResponse(reply: FastifyReply, response: WrittenResponse | ErrorCode): FastifyReply {
  if (typeof response === 'string') return reject(reply, response)
  if (response.isReplay) void reply.header('idempotent-replayed', 'true')
  return reply.code(response.status).type('application/json; charset=utf-8').send(response.json)
}

/**
 * Rejects a request with an error, and with `Retry-After` when a retry can succeed.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/', (_request, reply) => reject(reply, 'queue_full'))
 * (await app.inject('/')).headers['retry-after'] //=> '5'
 */
export function reject(reply: FastifyReply, code: ErrorCode, detail?: string): FastifyReply {
  const retryAfterS = RETRY_AFTER_S[code]
  if (retryAfterS !== undefined) void reply.header('retry-after', retryAfterS)
  return sendProblem(reply, code, detail)
}

/** A rejection that is serialized once: in a flood each must cost little. */
export function prepareRejection(
  code: ErrorCode,
  retryAfterS: number,
  detail?: string,
): (reply: FastifyReply) => FastifyReply {
  const body = problem(code, detail)
  const text = JSON.stringify(body)
  const headers = { 'content-type': 'application/problem+json; charset=utf-8', 'retry-after': String(retryAfterS) }
  return (reply) => reply.code(body.status).headers(headers).send(text)
}
