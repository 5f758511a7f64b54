import type { Database } from '@paxyo/database'
import {
  boundConcurrency,
  type ApiDeps,
  type BusyDoor,
  type BusyRejection,
  type PanelApi,
  type SessionAuthentication,
  toPanelApi,
} from '@paxyo/panel-api-kit'
import { createConcurrencyLimiter, createFailureThrottle, readVersion, type FailureThrottle } from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { ConsoleSettings } from './config.ts'
import { registerAuditLogRoutes } from './panel-api/audit-log-routes.ts'
import { registerKeyRoutes, type KeyRouteDeps } from './panel-api/key-routes.ts'
import { registerOperatorRoutes } from './panel-api/operator-routes.ts'
import { registerSecretRoutes } from './panel-api/secret-routes.ts'
import { registerResolutionPreview } from './panel-api/resolution-preview-route.ts'
import { registerTestWebhook, type TestWebhookDeps } from './panel-api/test-webhook-route.ts'
import { registerWebhookAddress } from './panel-api/webhook-address-route.ts'
import { registerWordRoutes, type WordRouteDeps } from './panel-api/word-routes.ts'
import { toRelyingParty } from './sign-in/verify-passkey.ts'
import { createPasswords } from './sign-in/password.ts'
import { createSessionAuthentication, registerSession } from './sign-in/session-routes.ts'
import { createSessionStore } from './sign-in/session-store.ts'
import { registerSignIn } from './sign-in/sign-in-routes.ts'
import { createTrustedHeader, type TrustedHeader, type TrustedHeaderSettings } from './sign-in/trusted-header.ts'
import { serveConsolePage } from './static/serve-page.ts'

export { consoleProblems, consoleSettings, consoleVariables, type ConsoleSettings } from './config.ts'
export type { KeyRouteDeps } from './panel-api/key-routes.ts'
export { registerErasureRoute } from './panel-api/erasure-route.ts'
export type { DiagnosticsRouteDeps } from './panel-api/diagnostics-routes.ts'
export type { WordRouteDeps } from './panel-api/word-routes.ts'

export { readSecretsInUse } from './secrets/read-secrets.ts'
export { startSecretReports, type SecretReportsDeps } from './secrets/secret-reports.ts'

export type ConsoleRouteDeps = KeyRouteDeps & Pick<ApiDeps, 'pool'>

export interface ConsoleDeps extends ConsoleSettings {
  /** With the role `ingest`. */
  readonly db: Kysely<Database>
  readonly log: Logger
  /** Called for each failed sign-in. */
  readonly onAuthenticationFailed: (isThrottled: boolean) => void
  /** Called for each request that is rejected because too many wait. */
  readonly onBusy: (door: Extract<BusyDoor, `console${string}`>, rejection: BusyRejection) => void
}

/**
 * Adds `/v1/operators`, `/v1/keys`, `/v1/secrets` and `/v1/audit-log` to the panel API.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * registerConsoleRoutes(api, { pool, db: createKysely(pool), environmentKeys: [] })
 * (await api.inject('/v1/operators')).json() //=> { data: [] }
 */
export function registerConsoleRoutes(api: PanelApi, deps: ConsoleRouteDeps): void {
  registerOperatorRoutes(api, deps)
  registerKeyRoutes(api, deps)
  registerSecretRoutes(api, deps)
  registerAuditLogRoutes(api, deps)
}

/**
 * Adds the meanings of status words, and the preview of resolutions, to the panel API.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * const mappedWords = { refresh: async () => undefined }
 * registerReviewRoutes(api, { ...ledger, db: createKysely(pool), log, providers: [], mappedWords })
 * (await api.inject(`/v1/reviews/${newId()}/word-preview?status=pending`)).json().code //=> 'review_not_found'
 */
export function registerReviewRoutes(api: PanelApi, deps: WordRouteDeps): void {
  registerWordRoutes(api, deps)
  registerResolutionPreview(api, deps)
}

/** What the routes of the set-up page need. */
export type SetUpRouteDeps = TestWebhookDeps

/**
 * Adds the test of a webhook, and its address, to the panel API.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * const api = toPanelApi(app, log)
 * registerSetUpRoutes(api, { ...ledger, db: createKysely(pool), log, app, configuredProviders: [] })
 * (await api.inject({ method: 'POST', url: '/v1/test-webhook', payload: { provider: 'smmhub' } })).json().code //=> 'unknown_provider'
 */
export function registerSetUpRoutes(api: PanelApi, deps: SetUpRouteDeps): void {
  registerTestWebhook(api, deps)
  registerWebhookAddress(api, deps)
}

export { registerDiagnosticsRoutes } from './panel-api/diagnostics-routes.ts'

/** The console of a service. */
export interface Console extends AsyncDisposable {
  /** Accepts operators who are signed in, for the panel API. */
  readonly sessions: SessionAuthentication
  /** Serves it under `/console`. */
  register(app: FastifyInstance): void
  close(): Promise<void>
}

/** Of a name, from all addresses together. */
const NAME_LIMITS = { failuresMax: 30, windowMs: 600_000 }
/** Of an operator whose password is right. */
const CODE_LIMITS = { failuresMax: 10, windowMs: 600_000 }

/** As in the panel API: each request needs one database connection at a time. Sign-ins do not delay signed-in operators. */
const CONCURRENT_MAX = 2
const WAITING_MAX = 100
const WAIT_MS_MAX = 5_000

/**
 * Creates the console.
 *
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * await using console = createConsole({
 *   db: createKysely(pool),
 *   environment: 'development',
 *   origin: undefined,
 *   trustedHeader: undefined,
 *   log,
 *   onAuthenticationFailed: () => undefined,
 *   onBusy: () => undefined,
 * })
 * console.register(app)
 * (await app.inject('/console/api/session')).json().code //=> 'unauthorized'
 */
export function createConsole({
  db,
  environment,
  origin,
  trustedHeader,
  log,
  onAuthenticationFailed,
  onBusy,
}: ConsoleDeps): Console {
  const store = createSessionStore({ db, log })
  const throttleOf = (door: string, limits = {}): FailureThrottle =>
    createFailureThrottle({ door, limits, now: () => performance.now(), log, onFailure: onAuthenticationFailed })
  const deps = {
    db,
    sessions: store,
    passwords: createPasswords(() => onBusy('console_password', { access: 'write', reason: 'queue' })),
    throttle: throttleOf('console'),
    nameThrottle: throttleOf('console_name', NAME_LIMITS),
    codeThrottle: throttleOf('console_code', CODE_LIMITS),
    trustedHeader: trustedHeader && openTrustedHeader(trustedHeader, throttleOf('console_header')),
    party: origin === undefined ? undefined : toRelyingParty(origin),
    environment,
    version: readVersion(),
  }
  const boundRequests = (api: PanelApi): void =>
    boundConcurrency(api, {
      writes: createConcurrencyLimiter(CONCURRENT_MAX, WAITING_MAX, WAIT_MS_MAX),
      onBusy: (rejection) => onBusy('console', rejection),
    })
  const close = (): Promise<void> => store.close()
  return {
    sessions: createSessionAuthentication(deps),
    register(app) {
      void app.register(async (scope) => {
        const api = toPanelApi(scope, log)
        api.addHook('onRequest', async (_request, reply) => {
          void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        })
        await api.register(async (open) => {
          boundRequests(open)
          registerSignIn(open, deps)
        })
        await api.register(async (own) => {
          boundRequests(own)
          registerSession(own, deps)
        })
      })
      void app.register(async (scope) => serveConsolePage(scope))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A request with the header from another address is counted and logged like a failed sign-in, and the header is ignored. */
function openTrustedHeader(settings: TrustedHeaderSettings, throttle: FailureThrottle): TrustedHeader {
  return createTrustedHeader(settings, ({ socket, ip }) => throttle.failed(socket.remoteAddress, { address: ip }))
}
