import { ALL_SCOPES, type Scope } from '@paxyo/panel-client'
import type { FastifyRequest } from 'fastify'

/** The author of a request: an API key, or an operator in the console. */
export interface Principal {
  readonly kind: 'key' | 'operator'
  /** The public part of a key, `environment`, or the operator's id. */
  readonly id: string
  readonly name: string
  readonly scopes: ReadonlySet<Scope>
}

const EVERY_SCOPE: ReadonlySet<Scope> = new Set(ALL_SCOPES)

/** The keys of the environment have all scopes. */
export const ENVIRONMENT_KEY: Principal = {
  kind: 'key',
  id: 'environment',
  name: 'environment',
  scopes: EVERY_SCOPE,
}

const principals = new WeakMap<FastifyRequest, Principal>()

/**
 * Records who sent a request.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * app.get('/', (request) => principalOf(request).name)
 * (await app.inject('/')).body //=> 'environment'
 */
export function rememberPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request, principal)
}

/**
 * @returns who sent a request; undefined when it is not authenticated.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.get('/', (request) => ({ isKnown: knownPrincipal(request) !== undefined }))
 * (await app.inject('/')).json() //=> { isKnown: false }
 */
export function knownPrincipal(request: FastifyRequest): Principal | undefined {
  return principals.get(request)
}

/**
 * Returns the author of an authenticated request.
 *
 * @throws Error when the request is not authenticated.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * app.get('/', (request) => principalOf(request).id)
 * (await app.inject('/')).body //=> 'environment'
 */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request)
  if (principal === undefined) throw new Error('this request is not authenticated')
  return principal
}

/**
 * The author of a decision, for the history. An operator is who signed in, whatever the request says; the server of the
 * panel, which has an API key, may name the person.
 *
 * @param named the person whom the request names.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * app.addHook('onRequest', async (request) => rememberPrincipal(request, ENVIRONMENT_KEY))
 * app.get('/', (request) => authorOf(request, 'Bob'))
 * (await app.inject('/')).json() //=> { actor: 'Bob', keyId: 'environment' }
 */
export function authorOf(
  request: FastifyRequest,
  named: string | undefined,
): { readonly actor: string | undefined; readonly keyId: string; readonly operatorId: string | undefined } {
  const { kind, id, name } = principalOf(request)
  if (kind === 'operator') return { actor: name, keyId: id, operatorId: id }
  return { actor: named, keyId: id, operatorId: undefined }
}
