import { createKysely } from '@paxyo/database'
import type { EventPublisher } from '@paxyo/event-bus'
import { createProviderClient } from '@paxyo/godofpanel'
import type { ReadinessCheck } from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { registerPanelApi } from './api/panel-api.ts'
import { createBatcher } from './commit/batcher.ts'
import { createConfirmer, warnOfUnconfirmed, type ConfirmTimes } from './confirm/confirmer.ts'
import { createKeyRing } from './keys/key-ring.ts'
import { newId } from './new-id.ts'
import { createIngestMetrics } from './observe/metrics.ts'
import { createOutbox } from './publish/outbox.ts'
import type { PanelWebhookTarget } from './panel-webhook/panel-webhook-config.ts'
import { createPanelWebhook } from './panel-webhook/panel-webhook.ts'
import { reconcile, type ReconcileReport, type ReconcileRequest } from './reconcile/reconcile.ts'
import { createTokenMint, type TokenMintOptions } from './tokens/token-mint.ts'
import { createProofOfOrigin, type ProofOptions } from './webhook/proof-of-origin.ts'
import { registerWebhookRoute } from './webhook/webhook-route.ts'

export interface IngestDeps {
  readonly pool: Pool
  readonly publisher: EventPublisher
  readonly proof: ProofOptions
  /** Keys of the panel's API, beside those in the database. */
  readonly apiKeys: readonly string[]
  /** The provider's own API; without it nothing can be asked. */
  readonly provider?: ProviderOptions | undefined
  /** What browser tokens are signed with. */
  readonly tokens: TokenMintOptions
  /** Whether the API's documentation is served, to everybody. */
  readonly hasDocs: boolean
  /** Where the panel is told of refunds; nowhere when it is not given, and that costs nothing. */
  readonly panelWebhook?: PanelWebhookTarget | undefined
  readonly log: Logger
}

export interface ProviderOptions {
  readonly url: string
  readonly key: string
  /** Whether webhooks pay only after the provider was asked whether they are true. */
  readonly confirmsMoney: boolean
  readonly confirmTimes?: Partial<ConfirmTimes>
}

export interface Ingest extends AsyncDisposable {
  register(app: FastifyInstance): void
  /** Whether it should be sent webhooks. The bus is no part of it: refunds commit without, and their events follow. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>
  addMetrics(registry: Registry): void
  /**
   * Asks the provider about orders and commits its answers as deliveries.
   *
   * @throws Error when there is no provider to ask, or the database's errors.
   */
  reconcile(request: ReconcileRequest): Promise<ReconcileReport>
  /** Commits what was accepted and publishes what was committed. The pool and the publisher stay open. */
  close(): Promise<void>
}

/** How many connections its pool needs: one for each lane, the others for the panel, the outbox and the readiness check. */
export const INGEST_POOL_MAX = 10

/** Takes webhooks and the panel's requests, and publishes what follows from them. */
export function createIngest(deps: IngestDeps): Ingest {
  const { pool, publisher, proof, apiKeys, provider, tokens, hasDocs, log } = deps
  const metrics = createIngestMetrics({ pool, waitingDeliveries: () => batcher.waitingCount })
  const outbox = createOutbox({ pool, publisher, log, onPublish: metrics.batchPublished })
  const panelWebhook = deps.panelWebhook && createPanelWebhook({ pool, target: deps.panelWebhook, log })
  const commitDeps = {
    pool,
    newId,
    outbox,
    confirmsMoney: provider?.confirmsMoney ?? false,
    deliveriesAwait: () => confirmer?.wake(),
    refundsCommitted: panelWebhook?.refundsCommitted,
    onCommitted: metrics.changesCommitted,
  }
  const batcher = createBatcher({ ...commitDeps, log, onBatch: metrics.batchDone })
  const client = provider && createProviderClient(provider)
  // Also when nothing new has to be confirmed: what awaits its confirmation from before must not wait for ever.
  const confirmer = client && createConfirmer({ pool, provider: client, batcher, log, ...provider?.confirmTimes })
  const db = createKysely(pool)
  const keyRing = createKeyRing({ db, keys: apiKeys, log })
  let isDraining = false
  outbox.start()
  if (confirmer === undefined) void warnOfUnconfirmed(pool, log)
  else confirmer.wake()
  panelWebhook?.start()

  const ingest: Ingest = {
    register(app) {
      const now = (): Date => new Date()
      registerWebhookRoute(app, { proveOrigin: createProofOfOrigin(proof), batcher, newId, now, log, metrics })
      registerPanelApi(app, {
        ...commitDeps,
        db,
        batcher,
        keyRing,
        mint: createTokenMint(tokens),
        panelWebhookDue: panelWebhook?.wake,
        hasDocs,
        log,
      })
    },
    readiness: {
      draining: () => {
        if (isDraining) throw new Error('draining')
      },
      database: async () => {
        await pool.query('SELECT 1')
      },
    },
    addMetrics: (registry) => metrics.register(registry),
    async reconcile(request) {
      if (client === undefined) throw new Error('there is no provider to ask: its address and key are not configured')
      return reconcile({ pool, provider: client, batcher, newId, log }, request)
    },
    async close() {
      isDraining = true
      await client?.close()
      await confirmer?.close()
      await batcher.close()
      await keyRing.close()
      await panelWebhook?.close()
      await outbox.close()
    },
    [Symbol.asyncDispose]: () => ingest.close(),
  }
  return ingest
}
