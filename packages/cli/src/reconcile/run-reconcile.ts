import { createPool } from '@paxyo/database'
import { createRedisBus, type RedisBusOptions } from '@paxyo/event-bus'
import type { Logger } from 'pino'
import { createIngest, INGEST_POOL_MAX } from '../../../../services/webhook-ingest/src/ingest.ts'
import type { ReconcileReport, ReconcileRequest } from '@paxyo/ledger'

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
  const pool = createPool({ url: databaseUrl, role: 'ingest', name: 'paxyo-reconcile', max: INGEST_POOL_MAX })
  const bus = createRedisBus({ ...redis, onError: (err) => log.warn({ err }, 'redis') })
  const publisher = bus.connectPublisher()
  const ingest = createIngest({
    pool,
    publisher,
    proof: { tokens: [], signatureKeys: [], allowedCidrs: [] },
    apiKeys: [],
    tokens: { secrets: [], audience: '' },
    hasDocs: false,
    provider: { ...provider, confirmsMoney: false },
    log,
  })
  try {
    return await ingest.reconcile(request)
  } finally {
    await ingest.close()
    await publisher.close()
    await pool.end()
  }
}
