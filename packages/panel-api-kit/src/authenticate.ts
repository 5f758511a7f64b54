import type { ErrorCode } from '@paxyo/contracts'
import { bearerToken, rejectUnauthenticated, type FailureThrottle } from '@paxyo/service-kit'
import type { FastifyRequest } from 'fastify'
import type { PanelApi } from './api.ts'
import type { ApiKeyStore } from './api-key-store.ts'
import { rememberPrincipal, type Principal } from './principal.ts'
import { reject } from './response.ts'

/** Accepts operators who are signed in to the console. */
export interface SessionAuthentication {
  /** @returns the operator; why the request is rejected; or undefined when it has no session. */
  authenticate(request: FastifyRequest): Promise<Principal | ErrorCode | undefined>
}

export interface AuthenticationDeps {
  readonly apiKeyStore: Pick<ApiKeyStore, 'authenticate'>
  /** Undefined without the console. */
  readonly sessions?: SessionAuthentication | undefined
  /** For requests without a valid API key. */
  readonly throttle: FailureThrottle
}

const FOR_OPERATORS = 'an operator does this in the console; an API key cannot'
/** For a request without a key and for one with a wrong key: the response does not distinguish them. */
const KEY_REQUIRED = 'send a valid API key: `Authorization: Bearer <key>`'

/**
 * Authenticates the requests of the routes that are added after this call, by an API key or by the session of an operator,
 * and rejects those whose sender may not do what the route does. A route without a scope cannot be added.
 *
 * It runs before the body is read: the service reads no body of a request without a key.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * const apiKeyStore = createApiKeyStore({ db: createKysely(pool), keys: ['a-key'], log })
 * const throttle = createFailureThrottle({ door: 'shop', now: () => performance.now(), log, onFailure: () => undefined })
 * addAuthentication(api, { apiKeyStore, throttle })
 * api.get('/v1/orders', { schema: { scope: 'read' } }, () => 'orders')
 * (await api.inject('/v1/orders')).statusCode //=> 401
 * (await api.inject({ url: '/v1/orders', headers: { authorization: 'Bearer a-key' } })).body //=> 'orders'
 */
export function addAuthentication(v1: PanelApi, { apiKeyStore, sessions, throttle }: AuthenticationDeps): void {
  v1.addHook('onRoute', ({ method, url, schema }) => {
    if (schema?.scope === undefined) throw new Error(`${String(method)} ${url} has no scope`)
  })
  v1.addHook('onRequest', async (request, reply) => {
    const { authorization } = request.headers
    const sender =
      authorization === undefined && sessions !== undefined
        ? await sessions.authenticate(request)
        : await apiKeyStore.authenticate(bearerToken(authorization), request.ip)
    if (sender === undefined) return rejectUnauthenticated(request, reply, { throttle, detail: KEY_REQUIRED })
    if (typeof sender === 'string') return reject(reply, sender)
    rememberPrincipal(request, sender)
    const { scope, isForOperators } = request.routeOptions.schema!
    if (!sender.scopes.has(scope!)) return reject(reply, 'scope_missing', `the scope \`${scope}\` is missing`)
    if (isForOperators && sender.kind === 'key') return reject(reply, 'scope_missing', FOR_OPERATORS)
  })
}
