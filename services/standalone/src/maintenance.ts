import {
  chainAuditCalls,
  COLUMN_TYPES,
  connectionConfig,
  createKysely,
  deleteAuditCalls,
  deleteOldDeliveries,
  maintainPartitions,
  pruneIdempotencyKeys,
  pruneOutgoingWebhooks,
  pruneReceipts,
  pruneRejectedRequests,
  recordMaintenance,
  signAuditHead,
  type OldDeliveriesOptions,
} from '@paxyo/database'
import { newId, reviewUnregistered } from '@paxyo/ledger'
import { createWorker, type Worker } from '@paxyo/service-kit'
import pg from 'pg'
import type { Logger } from 'pino'

export interface MaintenanceOptions {
  readonly ownerUrl: string
  readonly eventRetentionDays: number
  readonly oldDeliveries: OldDeliveriesOptions
  /** Signs the audit log; without it, the log is not signed. */
  readonly signingKey: string | undefined
  readonly log: Logger
}

const DAY_MS = 86_400_000
/** How long a delivery waits for its order before it is put up for review. */
const PARKED_RETENTION_DAYS = 30
const AUDIT_CALL_RETENTION_DAYS = 90

/** Creates the next partitions, reviews what has waited too long, drops old partitions, deletes what has expired, and signs the audit log: now, and once a day. */
export function startMaintenance(options: MaintenanceOptions): Worker {
  const { ownerUrl, eventRetentionDays, oldDeliveries, signingKey, log } = options
  const worker = createWorker({
    async run() {
      const pool = new pg.Pool({ ...connectionConfig(ownerUrl), max: 2, types: COLUMN_TYPES })
      pool.on('error', () => undefined)
      try {
        const now = new Date()
        await maintainPartitions(pool, now, { events: eventRetentionDays })
        // Before: a delivery whose order was not registered in time then waits for a person.
        await reviewUnregistered({ pool, newId }, PARKED_RETENTION_DAYS)
        await pruneIdempotencyKeys(pool)
        await pruneRejectedRequests(pool)
        await pruneOutgoingWebhooks(pool)
        await pruneReceipts(pool, eventRetentionDays)
        await deleteAuditCalls(pool, AUDIT_CALL_RETENTION_DAYS)
        await chainAuditCalls(pool)
        if (signingKey !== undefined) await signAuditHead(createKysely(pool), signingKey, new Date())
        // Last: an archive that fails stops only this.
        const { isDone } = await deleteOldDeliveries(pool, now, oldDeliveries)
        if (isDone) await recordMaintenance(pool)
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
