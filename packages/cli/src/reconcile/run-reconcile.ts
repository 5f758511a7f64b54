import { createPool } from '@paxyo/database'
import { createRedisBus, type RedisBusOptions } from '@paxyo/event-bus'
import {
  createBatcher,
  createOutbox,
  loadMappedWords,
  newId,
  PUBLISHED_BY_SERVICES,
  reconcile,
  type BatchOutbox,
  type ReconcileReport,
  type ReconcileRequest,
} from '@paxyo/ledger'
import type { RefundApproval } from '@paxyo/order-core'
import { createProvider, type ProviderSettings } from '@paxyo/providers'
import type { Pool } from 'pg'
import type { Logger } from 'pino'

export interface RunReconcileOptions {
  readonly databaseUrl: string
  /** Where events are published; beside a standalone without Redis, the standalone publishes them. */
  readonly redis: Omit<RedisBusOptions, 'onError'> | undefined
  readonly providers: readonly ProviderSettings[]
  /** As for the services: which refunds wait until a person approves them. */
  readonly refundApproval: RefundApproval | undefined
  readonly log: Logger
}

/** Three for batches, and one for the outbox. */
const POOL_MAX = 4

/**
 * Reconciles from a separate process, while the services run: connects, asks, commits, publishes, and disconnects.
 *
 * @throws the database's errors. The report contains an error of a provider.
 */
export async function runReconcile(
  { databaseUrl, redis, providers: settings, refundApproval, log }: RunReconcileOptions,
  request: ReconcileRequest,
): Promise<ReconcileReport> {
  await using resources = new AsyncDisposableStack()
  const pool = createPool({ url: databaseUrl, role: 'ingest', name: 'paxyo-reconcile', max: POOL_MAX })
  resources.defer(() => pool.end())
  const outbox = redis === undefined ? PUBLISHED_BY_SERVICES : startOutbox(pool, redis, log, resources)
  const batcher = resources.adopt(createBatcher({ pool, newId, outbox, refundApproval, log }), (opened) =>
    opened.close(),
  )
  const providers = settings.map(createProvider)
  await loadMappedWords(pool, providers)
  for (const { client } of providers) resources.defer(async () => client?.close())
  return await reconcile({ pool, providers, batcher, newId, log }, request)
}

function startOutbox(
  pool: Pool,
  redis: Omit<RedisBusOptions, 'onError'>,
  log: Logger,
  resources: AsyncDisposableStack,
): BatchOutbox {
  const bus = createRedisBus({ ...redis, onError: (err) => log.warn({ err }, 'redis') })
  const publisher = resources.adopt(bus.connectPublisher(), (connection) => connection.close())
  const outbox = resources.adopt(createOutbox({ pool, publisher, log }), (opened) => opened.close())
  outbox.start()
  return outbox
}
