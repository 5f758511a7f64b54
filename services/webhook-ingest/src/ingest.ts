import { createConsole, startSecretReports, type ConsoleSettings } from '@paxyo/console'
import type { BalanceMode } from '@paxyo/contracts'
import { checkPrimary, createKysely } from '@paxyo/database'
import type { EventBus, EventPublisher } from '@paxyo/event-bus'
import {
  storeReceipts,
  createAccountWrites,
  createBatcher,
  createChangeFeed,
  createDatabaseWatch,
  createErasureWorker,
  createMappedWords,
  createOperationsPublisher,
  createOutbox,
  createOutgoingQueue,
  createRejectedRequests,
  createWebhookEndpoints,
  newId,
  type ChangeSet,
  type LedgerDeps,
  type OutboxOptions,
  RETRY_DELAYS_MS,
} from '@paxyo/ledger'
import type { RefundApproval } from '@paxyo/order-core'
import type { ConfiguredProvider } from '@paxyo/providers'
import {
  createFailureThrottle,
  createSecretUses,
  type FailureThrottle,
  type ReadinessCheck,
  type SecretUses,
} from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { openGatewayLink } from './gateways/gateway-link.ts'
import { createIngestMetrics } from './metrics.ts'
import { createApiKeyStore, createCursorRejection, createOrderUsers, startCallChaining } from '@paxyo/panel-api-kit'
import { registerPanelApi } from './panel-api/panel-api.ts'
import { createTokenMint, type TokenMintOptions } from './panel-api/tokens/token-mint.ts'
import { createWebhookAuthentication } from './webhook/authenticate.ts'
import { registerWebhookRoute } from './webhook/route.ts'
import type { OutgoingWebhookSettings } from './workers/outgoing-webhooks/outgoing-webhook-config.ts'
import { createOutgoingWebhooks } from './workers/outgoing-webhooks/outgoing-webhooks.ts'
import type { ReconcileSchedule } from './workers/reconcile/reconcile-config.ts'
import { createScheduledReconcile } from './workers/reconcile/scheduled-reconcile.ts'
import {
  createProviderVerification,
  warnOfUnverifiable,
  type VerificationTimes,
} from './workers/provider-verification/provider-verification.ts'

export interface IngestDeps {
  readonly pool: Pool
  readonly publisher: EventPublisher
  /** On which the gateways are. */
  readonly bus: EventBus
  /** How often, and from which age, rows of the outbox are published that other processes have left. */
  readonly outboxSweep?: Pick<OutboxOptions, 'sweepIntervalMs' | 'sweepRowAgeMs'>
  /** Providers with the authentication of their webhooks. */
  readonly providers: readonly ConfiguredProvider[]
  /** Whether a refund requires that the provider's API reports the same; every provider has a client then. */
  readonly verifiesRefunds: boolean
  /** Which refunds wait until a person approves them; none when undefined. */
  readonly refundApproval?: RefundApproval | undefined
  /** The mode of new accounts; `external` when undefined. */
  readonly accountMode?: BalanceMode | undefined
  readonly verificationTimes?: Partial<VerificationTimes>
  /** When providers are asked about silent orders; undefined never asks. */
  readonly reconcileSchedule?: ReconcileSchedule | undefined
  /** API keys of the panel, in addition to those in the database. */
  readonly apiKeys: readonly string[]
  /** Secrets and audience of browser tokens. */
  readonly tokens: TokenMintOptions
  /** The record of the process, in which the bus has its keys; its own when undefined. */
  readonly secretUses?: SecretUses
  /** Whether the API's documentation is served; it needs no key. */
  readonly hasDocs: boolean
  /** The endpoint that the environment configures, and which addresses are allowed. */
  readonly outgoingWebhooks?: OutgoingWebhookSettings
  /** The operators' console; not served when undefined. */
  readonly console?: ConsoleSettings | undefined
  readonly log: Logger
}

export interface Ingest extends AsyncDisposable {
  register(app: FastifyInstance): void
  /**
   * Whether it can accept webhooks. The bus is not checked: refunds commit without it, and their events follow later.
   */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>
  addMetrics(registry: Registry): void
  /** Commits accepted deliveries and publishes committed events. The pool and the publisher stay open. */
  close(): Promise<void>
}

/** Only what the panel API configures, to public addresses. */
const NO_OUTGOING_WEBHOOKS: OutgoingWebhookSettings = {
  endpoint: undefined,
  rules: { allowPrivate: false, allowLoopback: false },
  retryDelaysMs: RETRY_DELAYS_MS,
}

/**
 * Connections that its pool needs: three for batches, three for groups of money requests, the others for the panel API, tokens, checks, the
 * outbox and readiness.
 */
export const INGEST_POOL_MAX = 12

/** A batch is retried for 8 s: what takes longer waits for a standby. */
const COMMIT_AGE_MS_MAX = 10_000

/** Accepts webhooks and API requests, and publishes the events that they cause. */
export function createIngest(deps: IngestDeps): Ingest {
  const { pool, publisher, apiKeys, secretUses = createSecretUses(), log } = deps
  const providers = deps.providers.map(({ provider }) => provider)
  const metrics = createIngestMetrics(pool)
  const outbox = createOutbox({ pool, publisher, log, onPublish: metrics.batchPublished, ...deps.outboxSweep })
  const onDropped = metrics.operationsMessageDropped
  const operations = createOperationsPublisher({ publisher, now: () => new Date(), onDropped })
  const listeners: ((changes: ChangeSet) => void)[] = [metrics.changesCommitted, operations.changesCommitted]
  const ledger: LedgerDeps = {
    pool,
    newId,
    outbox,
    verifiedProviders: new Set(deps.verifiesRefunds ? providers.map(({ name }) => name) : []),
    refundApproval: deps.refundApproval,
    accountMode: deps.accountMode,
    onCommitted: (changes) => listeners.forEach((listener) => listener(changes)),
  }
  const batcher = createBatcher({ ...ledger, log, onBatch: metrics.batchDone })
  metrics.addWaitingDeliveries(batcher)
  const accountWrites = createAccountWrites({ ...ledger, log })
  metrics.addLockWaits(accountWrites)
  const commits = {
    get commitAgeMs() {
      return Math.max(batcher.commitAgeMs, accountWrites.commitAgeMs)
    },
  }
  const databaseWatch = createDatabaseWatch({ pool, log })
  metrics.addDatabase(databaseWatch, commits)
  metrics.addPublisher(publisher)
  // Also when verification is off: deliveries from before may still await theirs.
  const verification = createProviderVerification({ pool, providers, batcher, log, ...deps.verificationTimes })
  const gateways = openGatewayLink({
    bus: deps.bus,
    async storeReceipts(message) {
      await storeReceipts(pool, message)
      metrics.receiptsStored(message.seen.length)
    },
    log,
    now: () => performance.now(),
  })
  metrics.addGateways(gateways)
  const changeFeed = createChangeFeed({ pool, log })
  metrics.addHeldRequests(changeFeed)
  const scheduledReconcile =
    deps.reconcileSchedule &&
    createScheduledReconcile({
      schedule: deps.reconcileSchedule,
      pool,
      providers,
      batcher,
      newId,
      log,
      onAsked: metrics.reconcile.onAsked,
      onFailed: metrics.reconcile.onFailed,
    })
  const mappedWords = createMappedWords({ pool, providers, log })
  const db = createKysely(pool)
  const { requestRejected: onRejected, rejectedDeleted: onDeleted, trimFailed: onTrimFailed } = metrics
  const rejectedRequests = createRejectedRequests({ pool, newId, log, onRejected, onDeleted, onTrimFailed })
  const orderUsers = createOrderUsers()
  const outgoingQueue = createOutgoingQueue({ pool, log, onSkipped: metrics.outgoingWebhooksSkipped })
  const webhookEndpoints = createWebhookEndpoints(pool)
  const { outgoingWebhooks: settings = NO_OUTGOING_WEBHOOKS } = deps
  const outgoingWebhooks = createOutgoingWebhooks({
    queue: outgoingQueue,
    endpoints: webhookEndpoints,
    settings,
    changeFeed,
    log,
    onAttempt: metrics.outgoingWebhookAttempted,
    onEndpointChanged: operations.endpointChanged,
  })
  const apiKeyStore = createApiKeyStore({
    db,
    keys: apiKeys,
    onKeyUsed: secretUses.watch('panel_api_keys', apiKeys),
    log,
  })
  secretUses.watch('jwt_secrets', deps.tokens.secrets)
  const sources = deps.providers.map(({ provider, authentication }) => ({
    provider,
    authenticate: createWebhookAuthentication(
      authentication,
      secretUses.watch('webhook_tokens', authentication.tokens, provider.name),
    ),
  }))
  const erasures = createErasureWorker({ ...ledger, log })
  const callChaining = startCallChaining({ pool, log, onFailed: metrics.auditFailed })
  const secretReports = startSecretReports({ pool, secretUses, gateways: () => gateways.gatewaySecrets, log })
  const throttleOf = (door: 'panel_api' | 'webhook'): FailureThrottle =>
    createFailureThrottle({
      door,
      now: () => performance.now(),
      log,
      onFailure: (isThrottled) => metrics.authenticationFailed(door, isThrottled),
    })
  const console =
    deps.console &&
    createConsole({
      ...deps.console,
      db,
      log,
      onAuthenticationFailed: (isThrottled) => metrics.authenticationFailed('console', isThrottled),
      onBusy: metrics.apiBusy,
    })
  let isDraining = false

  listeners.push((changes) => {
    orderUsers.changesCommitted(changes)
    changeFeed.changesCommitted()
    if (changes.awaiting.length > 0) verification.wake()
  })
  outbox.start()
  verification.wake()
  if (scheduledReconcile !== undefined) {
    metrics.reconcile.scheduled(providers)
    scheduledReconcile.wake()
  }
  void warnOfUnverifiable(pool, providers, log)

  const ingest: Ingest = {
    register(app) {
      // Before the first webhook: a word that is mapped opens no review.
      app.addHook('onReady', () => mappedWords.firstRead)
      registerWebhookRoute(app, {
        sources,
        batcher,
        throttle: throttleOf('webhook'),
        keepRejected: (request) => rejectedRequests.keep(request),
        newId,
        now: () => new Date(),
        log,
        onResponse: metrics.webhookResponded,
      })
      registerPanelApi(app, {
        ...ledger,
        db,
        accountWrites,
        batcher,
        providers,
        mappedWords,
        apiKeyStore,
        environmentKeys: apiKeys,
        sessions: console?.sessions,
        onAuditFailed: metrics.auditFailed,
        onBusy: (rejection) => metrics.apiBusy('panel_api', rejection),
        userOfOrder: (orderId) => orderUsers.userOf(orderId),
        throttle: throttleOf('panel_api'),
        mint: createTokenMint(deps.tokens),
        rejectedRequests,
        changeFeed,
        rejectCursor: createCursorRejection({ onAhead: metrics.cursorAhead }),
        gateways,
        outgoingQueue,
        webhookEndpoints,
        addressRules: settings.rules,
        configuredProviders: deps.providers,
        environmentEndpoint: settings.endpoint,
        onEndpointsChanged: outgoingWebhooks.wake,
        hasDocs: deps.hasDocs,
        log,
      })
      console?.register(app)
    },
    readiness: {
      draining: () => {
        if (isDraining) throw new Error('draining')
      },
      database: () => checkPrimary(pool),
      commits: () => {
        if (commits.commitAgeMs > COMMIT_AGE_MS_MAX) throw new Error('commits hang')
        const { isSynchronous = false, standbys } = databaseWatch.state ?? {}
        return isSynchronous && standbys?.synchronous === 0 ? 'degraded' : undefined
      },
    },
    addMetrics: (registry) => metrics.register(registry),
    async close() {
      isDraining = true
      await gateways.close()
      await Promise.all(providers.map(async ({ client }) => client?.close()))
      await verification.close()
      await mappedWords.close()
      await scheduledReconcile?.close()
      await batcher.close()
      await secretReports.close()
      await callChaining.close()
      await databaseWatch[Symbol.asyncDispose]()
      await apiKeyStore.close()
      await console?.close()
      await outgoingWebhooks.close()
      await changeFeed.close()
      await outbox.close()
      // Last: it may take minutes, and the next process continues it.
      await erasures.close()
    },
    [Symbol.asyncDispose]: () => ingest.close(),
  }
  return ingest
}
