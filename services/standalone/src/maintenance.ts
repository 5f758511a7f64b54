import {
  COLUMN_TYPES,
  connectionConfig,
  createKysely,
  dropOldDeliveries,
  maintainPartitions,
  pruneIdempotencyKeys,
  pruneOutgoingWebhooks,
  pruneReceipts,
  pruneRejectedRequests,
  signAuditHead,
} from '@paxyo/database'
import { createWorker, type Worker } from '@paxyo/service-kit'
import pg from 'pg'
import type { Logger } from 'pino'

export interface MaintenanceOptions {
  readonly ownerUrl: string
  readonly retentionDays: number
  readonly deliveryRetentionDays: number
  /** Signs the audit log; without it, the log is not signed. */
  readonly signingKey: string | undefined
  readonly log: Logger
}

const DAY_MS = 86_400_000

/** Creates the next partitions, drops old ones, deletes what has expired, and signs the audit log: now, and once a day. */
export function startMaintenance(options: MaintenanceOptions): Worker {
  const { ownerUrl, retentionDays, deliveryRetentionDays, signingKey, log } = options
  const worker = createWorker({
    async run() {
      const pool = new pg.Pool({ ...connectionConfig(ownerUrl), max: 1, types: COLUMN_TYPES })
      pool.on('error', () => undefined)
      try {
        const now = new Date()
        await maintainPartitions(pool, now, { events: retentionDays })
        await dropOldDeliveries(pool, now, deliveryRetentionDays)
        await pruneIdempotencyKeys(pool)
        await pruneRejectedRequests(pool)
        await pruneOutgoingWebhooks(pool)
        await pruneReceipts(pool, retentionDays)
        if (signingKey !== undefined) await signAuditHead(createKysely(pool), signingKey, new Date())
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
