import { readReplicationState, type ReplicationState } from '@paxyo/database'
import { createWorker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { recordTimeline, timelineStep } from './record-timeline.ts'

/** Knows which server is the primary, who its standbys are, and notices a failover. */
export interface DatabaseWatch extends AsyncDisposable {
  /** What was read last; undefined while the database does not respond. */
  readonly state: ReplicationState | undefined
  /** How often this process has rotated the epoch, because acknowledged commits may be lost. */
  readonly rotations: number
  /** Reads now. @throws when the database is unavailable. */
  read(): Promise<void>
}

export interface DatabaseWatchOptions {
  readonly pool: Pool
  readonly log: Logger
  readonly intervalMs?: number
}

const INTERVAL_MS = 5_000
const LOST =
  'PostgreSQL was failed over without a synchronous standby: acknowledged webhooks may be lost. The epoch is rotated; follow the runbook, "A failover that may have lost commits"'

/**
 * Asks the database for its state every few seconds, with one statement. Starts at once.
 *
 * @example
 * const watch = createDatabaseWatch({ pool, log })
 * await watch.read()
 * watch.state!.isReplica //=> false
 * await watch[Symbol.asyncDispose]()
 */
export function createDatabaseWatch({ pool, log, intervalMs = INTERVAL_MS }: DatabaseWatchOptions): DatabaseWatch {
  let state: ReplicationState | undefined
  let rotations = 0

  async function read(): Promise<void> {
    const current = await readReplicationState(pool)
    state = current
    const step = timelineStep(current)
    if (step === 'none' || !(await recordTimeline(pool, current, step === 'rotate'))) return
    const { server, timeline, epochTimeline, isSynchronous } = current
    const fields = { server, timeline, timelineBefore: epochTimeline, isSynchronous }
    if (step === 'record') return log.info(fields, 'timeline of PostgreSQL')
    rotations += 1
    log.error(fields, LOST)
  }

  const worker = createWorker({
    run: read,
    backstopMs: intervalMs,
    onError(err) {
      state = undefined
      log.debug({ err }, 'state of the database could not be read')
    },
  })
  worker.wake()
  return {
    get state() {
      return state
    },
    get rotations() {
      return rotations
    },
    read: worker.runNow,
    [Symbol.asyncDispose]: worker.close,
  }
}
