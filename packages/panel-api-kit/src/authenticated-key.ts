import type { FastifyRequest } from 'fastify'

const keyIds = new WeakMap<FastifyRequest, string>()

/** Records the key that authenticated a request: its public part, or `environment`. */
export function rememberAuthenticatedKey(request: FastifyRequest, keyId: string): void {
  keyIds.set(request, keyId)
}

/** @returns the key that authenticated a request. */
export function authenticatedKeyOf(request: FastifyRequest): string {
  const keyId = keyIds.get(request)
  if (keyId === undefined) throw new Error('this request is not authenticated')
  return keyId
}
