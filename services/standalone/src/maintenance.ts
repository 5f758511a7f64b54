import {
  dropOldDeliveries,
  maintainPartitions,
  pruneIdempotencyKeys,
  pruneOutgoingWebhooks,
  pruneReceipts,
  pruneRejectedRequests,
} from '@paxyo/database'
import { createWorker, type Worker } from '@paxyo/service-kit'
import pg from 'pg'
import type { Logger } from 'pino'

export interface MaintenanceOptions {
  readonly ownerUrl: string
  readonly retentionDays: number
  readonly deliveryRetentionDays: number
  readonly log: Logger
}

const DAY_MS = 86_400_000

/** Creates the next partitions, drops old ones, and deletes expired idempotency keys: now, and once a day. */
export function startMaintenance(options: MaintenanceOptions): Worker {
  const { ownerUrl, retentionDays, deliveryRetentionDays, log } = options
  const worker = createWorker({
    async run() {
      const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 })
      pool.on('error', () => undefined)
      try {
        const now = new Date()
        await maintainPartitions(pool, now, { events: retentionDays })
        await dropOldDeliveries(pool, now, deliveryRetentionDays)
        await pruneIdempotencyKeys(pool)
        await pruneRejectedRequests(pool)
        await pruneOutgoingWebhooks(pool)
        await pruneReceipts(pool, retentionDays)
      } finally {
        await pool.end()
      }
    },
    backstopMs: DAY_MS,
    // There are partitions for a week, and a default one, so a retry on the next day is soon enough.
    onError: (err) => log.error({ err }, 'database maintenance failed'),
  })
  worker.wake()
  return worker
}
