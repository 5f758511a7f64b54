import { createPool } from '@paxyo/database'
import { createRedisBus, type RedisBusOptions } from '@paxyo/event-bus'
import type { Logger } from 'pino'
import { createIngest, INGEST_POOL_MAX } from '../ingest.ts'
import type { ReconcileReport, ReconcileRequest } from './reconcile.ts'

export interface RunReconcileOptions {
  readonly databaseUrl: string
  /** Where events are published. */
  readonly redis: Omit<RedisBusOptions, 'onError'>
  readonly provider: { readonly url: string; readonly key: string }
  readonly log: Logger
}

/**
 * Reconciles from a process of its own, beside running ones: connects, asks, commits, publishes, and lets go.
 *
 * @throws the database's errors. An error of the provider stands in the report.
 */
export async function runReconcile(
  { databaseUrl, redis, provider, log }: RunReconcileOptions,
  request: ReconcileRequest,
): Promise<ReconcileReport> {
  await using resources = new AsyncDisposableStack()
  const pool = resources.adopt(
    createPool({ url: databaseUrl, role: 'ingest', name: 'paxyo-reconcile', max: INGEST_POOL_MAX }),
    (it) => it.end(),
  )
  const bus = createRedisBus({ ...redis, onError: (err) => log.warn({ err }, 'redis') })
  const publisher = resources.adopt(bus.connectPublisher(), (it) => it.close())
  const ingest = resources.use(
    createIngest({
      pool,
      publisher,
      proof: { tokens: [], signatureKeys: [], allowedCidrs: [] },
      apiKeys: [],
      tokens: { secrets: [], audience: '' },
      hasDocs: false,
      provider: { ...provider, confirmsMoney: false },
      log,
    }),
  )
  return await ingest.reconcile(request)
}
