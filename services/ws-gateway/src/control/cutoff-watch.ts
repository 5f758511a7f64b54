/**
 * Reads new cutoffs (revoked tokens, single or all of a user, and disconnected users) from the database, twice a second.
 *
 * It guarantees that a cutoff takes effect on this gateway within a second of its commit, whatever happens on the bus,
 * which only makes it faster. Joins do not need it: each reads the cutoff of its user in the statement that reads the
 * stream. So a connection either reads the cutoff when it joins, or is there when the watch, or the bus, reports it.
 *
 * How: every read covers the time since the last successful one, and a minute more, because rows become visible some
 * time after they were stamped. Applying a cutoff again changes nothing. Times are compared in the database.
 */

import { createWorker, type Worker } from '@paxyo/service-kit'
import type { Cutoff, RecentCutoffs, RevokedToken } from '../read/read-cutoffs.ts'

export interface CutoffWatchOptions {
  readonly read: (sinceMs: number) => Promise<RecentCutoffs>
  readonly apply: (cutoff: Cutoff) => void
  readonly revoke: (token: RevokedToken) => void
  /** Called when reading begins to fail, with the error, and when it succeeds again. */
  readonly onChange: (error: unknown) => void
  readonly now: () => number
}

export interface CutoffWatch {
  /** The time since the last successful read. */
  readonly ageMs: number
  close(): Promise<void>
}

const READ_INTERVAL_MS = 500
/** A COMMIT that waits for a standby makes its row visible later than its timestamp says. */
const OVERLAP_MS = 60_000

export function watchCutoffs({ read, apply, revoke, onChange, now }: CutoffWatchOptions): CutoffWatch {
  let readAt = now()
  let isFailing = false
  const worker: Worker = createWorker({
    async run() {
      const startedAt = now()
      const { cutoffs, revokedTokens } = await read(startedAt - readAt + OVERLAP_MS)
      for (const cutoff of cutoffs) apply(cutoff)
      for (const token of revokedTokens) revoke(token)
      readAt = startedAt
      if (isFailing) onChange(undefined)
      isFailing = false
    },
    backstopMs: READ_INTERVAL_MS,
    onError(error) {
      if (!isFailing) onChange(error)
      isFailing = true
    },
  })
  worker.wake()
  return {
    get ageMs() {
      return now() - readAt
    },
    close: worker.close,
  }
}
