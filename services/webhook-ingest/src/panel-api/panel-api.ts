import {
  registerConsoleRoutes,
  registerDiagnosticsRoutes,
  registerErasureRoute,
  registerReviewRoutes,
  registerSetUpRoutes,
  type KeyRouteDeps,
  type SetUpRouteDeps,
  type WordRouteDeps,
} from '@paxyo/console'
import type { ReplayRejectedDeps } from '@paxyo/ledger'
import type { FastifyInstance } from 'fastify'
import { registerOverviewRoutes, type OverviewDeps } from './overview/overview-routes.ts'
import { registerCopyAccounts } from './accounts/copy-accounts.ts'
import { registerGetAccount } from './accounts/get-account.ts'
import { registerGetLedger } from './accounts/get-ledger.ts'
import { registerPostAccount } from './accounts/post-account.ts'
import { registerPostDeposit } from './accounts/post-deposit.ts'
import { registerListDeliveries } from './deliveries/list-deliveries.ts'
import { registerReadDelivery } from './deliveries/read-delivery.ts'
import { registerReplayRoutes, type ReplayRouteDeps } from './deliveries/replay-routes.ts'
import { registerChangeRoutes, type ChangeRouteDeps } from './changes/change-routes.ts'
import { registerConnectionRoutes, type ConnectionRouteDeps } from './connections/connection-routes.ts'
import {
  type AccountWriteDeps,
  addAudit,
  addAuthentication,
  type AuditDeps,
  type ApiDeps,
  type AuthenticationDeps,
  boundConcurrency,
  type ConcurrencyDeps,
  createApiLimiters,
  type PanelApi,
  registerOpenApi,
  rejectUnknownParameters,
  toPanelApi,
} from '@paxyo/panel-api-kit'
import { registerBulkOrders } from './orders/bulk-orders.ts'
import { registerGetOrder } from './orders/get-order.ts'
import { registerListOrders } from './orders/list-orders.ts'
import { registerPostAction } from './orders/post-action.ts'
import { registerPostOrder } from './orders/post-order.ts'
import { registerPutProviderOrder } from './orders/put-provider-order.ts'
import type { RegistrationDeps } from './orders/to-registration.ts'
import { registerEndpointRoutes } from './outgoing-webhooks/endpoint-routes.ts'
import { registerOutgoingWebhookRoutes, type OutgoingWebhookDeps } from './outgoing-webhooks/outgoing-webhook-routes.ts'
import { registerRejectedRequestRoutes } from './rejected-requests/rejected-request-routes.ts'
import { registerRefundRoutes } from './refunds/refund-routes.ts'
import { registerListReviews } from './reviews/list-reviews.ts'
import { registerPostResolution } from './reviews/post-resolution.ts'
import { registerReadReview } from './reviews/read-review.ts'
import { registerReplayReview } from './reviews/replay-review.ts'
import { registerTokenRoutes, type TokenDeps } from './tokens/token-routes.ts'

export interface PanelApiDeps
  extends
    ApiDeps,
    AccountWriteDeps,
    RegistrationDeps,
    ReplayRouteDeps,
    ReplayRejectedDeps,
    TokenDeps,
    OutgoingWebhookDeps,
    ChangeRouteDeps,
    ConnectionRouteDeps,
    OverviewDeps,
    Omit<SetUpRouteDeps, 'app'>,
    AuthenticationDeps,
    AuditDeps,
    ConcurrencyDeps,
    WordRouteDeps,
    KeyRouteDeps {
  /** Whether `/docs` and `/openapi.json` are served; they need no key. */
  readonly hasDocs: boolean
}

/** The panel's API: everything under `/v1`, and its documentation. */
export function registerPanelApi(app: FastifyInstance, deps: PanelApiDeps): void {
  void app.register(async (scope) => {
    const api = toPanelApi(scope, deps.log)
    if (deps.hasDocs) await registerOpenApi(api)

    await api.register(async (v1: PanelApi) => {
      // Responses contain balances and tokens.
      v1.addHook('onRequest', (_request, reply, done) => {
        void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
        done()
      })
      rejectUnknownParameters(v1)
      addAuthentication(v1, deps)
      addAudit(v1, deps)
      const limiters = createApiLimiters()
      await v1.register(async (bounded: PanelApi) => {
        boundConcurrency(bounded, { ...deps, ...limiters })
        registerRoutes(bounded, deps)
        registerSetUpRoutes(bounded, { ...deps, app })
      })
      // They share transactions, so more of them are admitted at the same time.
      await v1.register(async (grouped: PanelApi) => {
        boundConcurrency(grouped, { ...deps, writes: limiters.accountWrites })
        registerPostAction(grouped, deps)
        registerPostDeposit(grouped, deps)
      })
      // A token waits for a commit, and takes no place of a write meanwhile.
      await v1.register(async (tokens: PanelApi) => {
        boundConcurrency(tokens, { ...deps, writes: limiters.tokens })
        registerTokenRoutes(tokens, deps)
      })
      registerChangeRoutes(v1, { ...deps, limiter: limiters.reads })
      // They run once at a time, for up to a minute, however many requests wait for the result: no place of a read is held.
      registerDiagnosticsRoutes(v1, deps)
    })
  })
}

/** Everything under `/v1`, without the routes that hold requests. */
function registerRoutes(v1: PanelApi, deps: PanelApiDeps): void {
  registerOverviewRoutes(v1, deps)
  registerPostOrder(v1, deps)
  registerBulkOrders(v1, deps)
  registerListOrders(v1, deps)
  registerGetOrder(v1, deps)
  registerPutProviderOrder(v1, deps)
  registerPostAccount(v1, deps)
  registerGetAccount(v1, deps)
  registerCopyAccounts(v1, deps)
  registerGetLedger(v1, deps)
  registerConnectionRoutes(v1, deps)
  registerErasureRoute(v1, deps)
  registerRefundRoutes(v1, deps)
  registerListReviews(v1, deps)
  registerReadReview(v1, deps)
  registerPostResolution(v1, deps)
  registerReplayReview(v1, deps)
  registerReviewRoutes(v1, deps)
  registerListDeliveries(v1, deps)
  registerReadDelivery(v1, deps)
  registerReplayRoutes(v1, deps)
  registerRejectedRequestRoutes(v1, deps)
  registerEndpointRoutes(v1, deps)
  registerOutgoingWebhookRoutes(v1, deps)
  registerConsoleRoutes(v1, deps)
}
