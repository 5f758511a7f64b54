import { boundedText } from '@paxyo/contracts'
import type { IdempotentRequest } from '@paxyo/ledger'
import type { FastifyRequest } from 'fastify'
import { createHash } from 'node:crypto'
import { z } from 'zod'

const KEY_LENGTH_MAX = 255

const idempotencyKeySchema = boundedText(
  KEY_LENGTH_MAX,
  /^[\x21-\x7e]+$/,
  'must be 1 to 255 printable ASCII characters without spaces',
).describe('Makes the request safe to retry: the same key has its effect once. Kept for at least 24 hours.')

/** The headers of a POST. */
export const idempotencyHeaders = z.looseObject({ 'idempotency-key': idempotencyKeySchema.optional() })

/**
 * Binds the request's Idempotency-Key to its method, URL and parsed body, so that the order of members and the
 * whitespace in the body make no difference.
 *
 * @param parsedBody when it differs from `request.body`.
 * @returns undefined when the request has no key.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.post('/', (request) => ({ key: idempotentRequest(request)?.key }))
 * const headers = { 'idempotency-key': 'a-key' }
 * (await app.inject({ method: 'POST', url: '/', headers })).json() //=> { key: 'a-key' }
 */
export function idempotentRequest(request: FastifyRequest, parsedBody = request.body): IdempotentRequest | undefined {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  const hashed = `${request.method} ${request.url}\n${JSON.stringify(parsedBody ?? null)}`
  return { key, hash: createHash('sha256').update(hashed).digest(), part: 0 }
}
