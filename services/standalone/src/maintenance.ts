import { maintainEventPartitions, pruneIdempotencyKeys } from '@paxyo/database'
import pg from 'pg'
import type { Logger } from 'pino'

export interface MaintenanceOptions {
  readonly ownerUrl: string
  readonly retentionDays: number
  readonly log: Logger
}

const DAY_MS = 86_400_000

/** Makes tomorrow's partitions, drops those that are too old, forgets old idempotency keys: now, and once a day. */
export function startMaintenance({ ownerUrl, retentionDays, log }: MaintenanceOptions): { stop(): Promise<void> } {
  async function maintain(): Promise<void> {
    const pool = new pg.Pool({ connectionString: ownerUrl, max: 1 })
    pool.on('error', () => undefined)
    try {
      await maintainEventPartitions(pool, new Date(), retentionDays)
      await pruneIdempotencyKeys(pool)
    } catch (error) {
      // There are partitions for a week, and a default one under them: the next day is time enough.
      log.error({ err: error }, 'the database could not be maintained')
    } finally {
      await pool.end()
    }
  }

  let running = maintain()
  const timer = setInterval(() => {
    running = maintain()
  }, DAY_MS)
  return {
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}
