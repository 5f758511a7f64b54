import { chainAuditCalls, isDatabaseUnavailable, isRetryable } from '@paxyo/database'
import { createWorker, type Worker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'

/** Each group has an entry that is kept for ever, so one a minute is enough while the calls are few. */
const AGE_MS = 45_000
const INTERVAL_MS = 15_000

/**
 * Chains the recorded routine calls, within a minute. Every process does, and one of them at a time.
 *
 * @param onFailed called when calls could not be chained although the database works.
 * @example
 * await using chaining = startCallChaining({ pool, log, onFailed: () => undefined })
 * await chaining.runNow()
 * (await pool.query('SELECT count(*)::int AS groups FROM audit_call_groups')).rows //=> [{ groups: 0 }]
 */
export function startCallChaining({
  pool,
  log,
  onFailed,
}: {
  readonly pool: Pool
  readonly log: Logger
  readonly onFailed: () => void
}): Worker {
  const worker = createWorker({
    run: async () => void (await chainAuditCalls(pool, AGE_MS)),
    backstopMs: INTERVAL_MS,
    onError(error) {
      log.warn({ err: error }, 'routine calls not chained')
      if (!isRetryable(error) && !isDatabaseUnavailable(error)) onFailed()
    },
  })
  worker.wake()
  return worker
}
