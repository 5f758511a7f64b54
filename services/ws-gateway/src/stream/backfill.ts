import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { EVENTS_MAX, type StreamReader } from '../read/stream-reader.ts'
import { failAll, hasGap, lowestSeq, offerAll, type Stream } from './user-stream.ts'

export interface BackfillerOptions {
  readonly reader: StreamReader
  readonly log: Logger
  /** Called after events that were read have been offered to the listeners of a stream. */
  readonly onOffered?: (stream: Stream) => void
  /** Called for every event that was read and that a listener did not have, after it was offered. */
  readonly onForwarded?: ((bytes: Uint8Array) => void) | undefined
}

export interface Backfiller {
  /** The number of reads. */
  readonly count: number
  /**
   * Reads the events that a stream's listeners may have missed; resolves when they have them, or have failed. When it is
   * called for thousands of streams at once, the reader combines them into a few queries.
   */
  backfill(stream: Stream): Promise<void>
}

/** With these delays the retries take 25 s: the database may be restarting. */
const BACKFILL_ATTEMPTS_MAX = 16
const BACKFILL_RETRY_DELAY_MS = 100
const BACKFILL_RETRY_DELAY_MS_MAX = 2_000

/** Reads the events that the bus has not delivered, with retries. */
export function createBackfiller({ reader, log, onOffered, onForwarded }: BackfillerOptions): Backfiller {
  let count = 0

  function backfill(stream: Stream): Promise<void> {
    if (stream.backfilling !== undefined) stream.backfillAgain = true
    stream.backfilling ??= backfillUntilComplete(stream)
    return stream.backfilling
  }

  async function backfillUntilComplete(stream: Stream): Promise<void> {
    let failures = 0
    try {
      do {
        stream.backfillAgain = false
        const result = await backfillOnce(stream)
        if (result === 'more') stream.backfillAgain = true
        if (result !== 'failed') continue
        failures += 1
        if (failures === BACKFILL_ATTEMPTS_MAX) return failAll(stream)
        await sleep(Math.min(BACKFILL_RETRY_DELAY_MS * 2 ** failures, BACKFILL_RETRY_DELAY_MS_MAX))
        stream.backfillAgain = true
      } while (stream.backfillAgain)
    } finally {
      // In the same turn as the last look at backfillAgain.
      stream.backfilling = undefined
    }
  }

  /** @returns `complete` when every listener has all committed events. */
  async function backfillOnce(stream: Stream): Promise<'complete' | 'more' | 'failed'> {
    const since = lowestSeq(stream)
    if (since === Infinity) return 'complete'
    count += 1
    try {
      const events = await reader.eventsSince(stream.userId, since)
      for (const { seq, bytes } of events) if (offerAll(stream, seq, bytes)) onForwarded?.(bytes)
      if (events.length > 0) onOffered?.(stream)
      if (!hasGap(stream)) return events.length === EVENTS_MAX ? 'more' : 'complete'
      // Another gap may have opened during this backfill; or the missing events are not in the database.
      return lowestSeq(stream) > since ? 'more' : 'failed'
    } catch (error) {
      log.warn({ err: error, userId: stream.userId }, 'backfill failed')
      return 'failed'
    }
  }

  return {
    get count() {
      return count
    },
    backfill,
  }
}
