import type { FastifyRequest } from 'fastify'

const keyIds = new WeakMap<FastifyRequest, string>()

/** Notes with which key a request was authenticated: its public part, or `environment`. */
export function rememberAuthenticatedKey(request: FastifyRequest, keyId: string): void {
  keyIds.set(request, keyId)
}

/** The key with which a request was authenticated. */
export function authenticatedKeyOf(request: FastifyRequest): string {
  const keyId = keyIds.get(request)
  if (keyId === undefined) throw new Error('this request is not authenticated')
  return keyId
}
