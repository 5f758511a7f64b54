import type { FastifyRequest } from 'fastify'

const holders = new WeakMap<FastifyRequest, string>()

/** Notes whose key a request has shown: the key's public part, or `environment`. */
export function rememberKeyHolder(request: FastifyRequest, holder: string): void {
  holders.set(request, holder)
}

/** Whose key a request has shown. */
export function keyHolderOf(request: FastifyRequest): string {
  const holder = holders.get(request)
  if (holder === undefined) throw new Error('this request has shown no key')
  return holder
}
