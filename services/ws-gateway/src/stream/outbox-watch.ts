/**
 * Watches whether what was committed is published.
 *
 * It guarantees that `isStuck` is true within a second of the commit of an event that is not published, and until every
 * such event is: webhook-ingest may be cut off from a bus that delivers to this gateway, or have died between a commit and
 * its publish.
 *
 * How: webhook-ingest deletes the outbox rows of published batches within a few hundred milliseconds. A row that two polls in
 * a row find is therefore of a batch that is not published. Polls do not compare times, so a clock that is wrong does not
 * matter. While the outbox is empty, which it mostly is, a poll is one step into an index.
 *
 * Without it a page says `live` for up to 30 seconds, until another process publishes the batch.
 */

import { setTimeout as sleep } from 'node:timers/promises'

export interface OutboxWatchOptions {
  /** The ids of the oldest batches in the outbox, at most `max`. */
  readonly readBatchIds: (max: number) => Promise<readonly string[]>
  /** Whether a client is connected. */
  readonly isNeeded: () => boolean
  readonly onError: (error: unknown) => void
}

export interface OutboxWatch {
  /** Whether events were committed that are not published. */
  readonly isStuck: boolean
  stop(): void
}

/** From a poll that found an empty outbox to the next one. */
const IDLE_INTERVAL_MS = 550
/** From a poll that found batches to the next one. With the idle interval and the time to read events less than a second. */
const POLL_INTERVAL_MS = 350
/** So many at once are a backlog, also while it is published. */
const BATCHES_MAX = 100

export function watchOutbox({ readBatchIds, isNeeded, onError }: OutboxWatchOptions): OutboxWatch {
  const stopped = new AbortController()
  let isStuck = false
  let before: ReadonlySet<string> = new Set()

  async function poll(): Promise<void> {
    try {
      const batchIds = isNeeded() ? await readBatchIds(BATCHES_MAX) : []
      isStuck = batchIds.length === BATCHES_MAX || batchIds.some((batchId) => before.has(batchId))
      before = new Set(batchIds)
    } catch (error) {
      // Without the database nothing is committed either.
      onError(error)
    }
  }

  async function run(): Promise<void> {
    for (;;) {
      const ms = before.size > 0 ? POLL_INTERVAL_MS : IDLE_INTERVAL_MS
      await sleep(ms, undefined, { signal: stopped.signal, ref: false })
      await poll()
    }
  }

  run().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error
  })

  return {
    get isStuck() {
      return isStuck
    },
    stop: () => stopped.abort(),
  }
}
