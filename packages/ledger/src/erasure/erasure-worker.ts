import { createWorker, type Worker } from '@paxyo/service-kit'
import type { Logger } from 'pino'
import type { ImportDeps } from '../transaction/commit-import.ts'
import { resumeErasures } from './erase-user.ts'

/** The deliveries of the user's orders are parked until then. */
const INTERVAL_MS = 60_000

/**
 * Finishes the erasures whose process died, from now on. This applies the deliveries that were parked meanwhile, with the rules for
 * refunds: only a service knows which of them need a verification or an approval.
 *
 * @example
 * await using erasures = createErasureWorker({ ...ledger, log })
 * await erasures.runNow() //=> undefined
 */
export function createErasureWorker({ log, ...deps }: ImportDeps & { readonly log: Logger }): Worker {
  const worker = createWorker({
    async run() {
      const finished = await resumeErasures(deps)
      if (finished > 0) log.info({ finished }, 'erasures finished')
    },
    backstopMs: INTERVAL_MS,
    onError: (err) => log.warn({ err }, 'erasures not finished'),
  })
  worker.wake()
  return worker
}
