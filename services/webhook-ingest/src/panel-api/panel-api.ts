import { isDatabaseUnavailable, isRetryable, type Database } from '@paxyo/database'
import type { FastifyBaseLogger, FastifyError, FastifyInstance, RawServerDefault } from 'fastify'
import { hasZodFastifySchemaValidationErrors, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Kysely } from 'kysely'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { registerAccountRoutes } from './accounts/account-routes.ts'
import { bearerToken } from '@paxyo/service-kit'
import type { Batcher } from '@paxyo/ledger'
import type { CommitDeps } from '@paxyo/ledger'
import { registerDeliveryRoutes } from './deliveries/delivery-routes.ts'
import type { KeyRing } from './api-keys/api-key-store.ts'
import { registerOrderRoutes } from './orders/order-routes.ts'
import { registerPanelWebhookRoutes } from './outgoing-webhooks/outgoing-webhook-routes.ts'
import { registerRefundRoutes } from './refunds/refund-routes.ts'
import { registerReviewRoutes } from './reviews/review-routes.ts'
import type { TokenMint } from './tokens/token-mint.ts'
import { registerTokenRoutes } from './tokens/token-routes.ts'
import { refuse } from './kit/answer.ts'
import { rememberKeyHolder } from './kit/authenticated-key.ts'
import { registerOpenApi } from './kit/openapi.ts'
import { createTurnstile } from './kit/concurrency-limiter.ts'

export interface PanelApiDeps extends CommitDeps {
  /** For reading; what changes something goes through `commitOnce`. */
  readonly db: Kysely<Database>
  /** Commits deliveries; replays go through it as webhooks do. */
  readonly batcher: Batcher
  readonly keyRing: KeyRing
  /** Signs browser tokens; undefined when this process has no secret for it. */
  readonly mint: TokenMint | undefined
  /** Told when a webhook to the panel has become due; undefined when none are sent. */
  readonly panelWebhookDue: (() => void) | undefined
  /** Whether `/docs` and `/openapi.json` are served, to everybody. */
  readonly hasDocs: boolean
  readonly log: Logger
}

/** Where routes of the API are added: their schemas are Zod's, and their requests have shown a key. */
export type PanelApi = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** For whoever has forgotten the header as much as for whoever has a wrong key: the two are not told apart. */
const KEY_WANTED = 'send a key of the panel: `Authorization: Bearer <key>`'
const ISSUES_SHOWN_MAX = 10
/** Each needs one connection to the database at a time; the pool has some more. */
const CONCURRENT_MAX = 6
const WAITING_MAX = 1_000
/** Clients have given up soon after; what they asked for must not be done behind their backs. */
const WAIT_MS_MAX = 10_000

/** The panel's API: everything under `/v1`, and its documentation. */
export function registerPanelApi(app: FastifyInstance, deps: PanelApiDeps): void {
  void app.register(async (scope) => {
    const api: PanelApi = scope.withTypeProvider<ZodTypeProvider>()
    api.setValidatorCompiler(validatorCompiler)
    // What was committed must not turn into an error because its answer looks unexpected: only tests check answers.
    api.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
    api.removeContentTypeParser('text/plain')
    setErrorHandler(api, deps.log)
    if (deps.hasDocs) await registerOpenApi(api)

    await api.register(async (v1: PanelApi) => {
      // Before the body is read: who has no key can't make us read one.
      v1.addHook('onRequest', async (request, reply) => {
        const holder = await deps.keyRing.holderOf(bearerToken(request.headers.authorization))
        if (holder === undefined) return refuse(reply, 'unauthorized', KEY_WANTED)
        rememberKeyHolder(request, holder)
      })
      boundConcurrency(v1)
      registerOrderRoutes(v1, deps)
      registerAccountRoutes(v1, deps)
      registerTokenRoutes(v1, deps)
      registerRefundRoutes(v1, deps)
      registerReviewRoutes(v1, deps)
      registerDeliveryRoutes(v1, deps)
      registerPanelWebhookRoutes(v1, deps)
    })
  })
}

/** Requests of the panel take turns, so that there is always a connection to the database for webhooks. */
function boundConcurrency(v1: PanelApi): void {
  const turnstile = createTurnstile(CONCURRENT_MAX, WAITING_MAX, WAIT_MS_MAX)
  const leaveByRequest = new WeakMap<object, () => void>()
  v1.addHook('preHandler', async (request, reply) => {
    const leave = await turnstile.enter()
    if (leave === undefined) return refuse(reply, 'queue_full')
    leaveByRequest.set(request, leave)
  })
  // Before the answer goes out: nobody who reads it slowly keeps the others waiting.
  v1.addHook('onSend', async (request) => leaveByRequest.get(request)?.())
}

/** Errors that are the API's own; all others are the server's. */
function setErrorHandler(api: PanelApi, log: Logger): void {
  api.setErrorHandler((error, request, reply) => {
    if (hasZodFastifySchemaValidationErrors(error)) {
      const needsKey = error.validation[0]?.instancePath === '/idempotency-key'
      if (needsKey && request.headers['idempotency-key'] === undefined) return refuse(reply, 'idempotency_key_missing')
      const detail = error.validation
        .slice(0, ISSUES_SHOWN_MAX)
        .map(
          ({ instancePath, message }) =>
            `${instancePath.slice(1).replaceAll('/', '.') || error.validationContext}: ${message}`,
        )
        .join('; ')
      return refuse(reply, 'validation_failed', detail)
    }
    if ((error as Partial<FastifyError>).code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
      return refuse(reply, 'unsupported_media_type', 'send JSON, and `Content-Type: application/json` with it')
    }
    // What lost against others time after time may succeed later, too.
    if (isDatabaseUnavailable(error) || isRetryable(error)) {
      log.error({ err: error, route: request.routeOptions.url }, 'request not answered')
      return refuse(reply, 'database_unavailable')
    }
    throw error
  })
}
