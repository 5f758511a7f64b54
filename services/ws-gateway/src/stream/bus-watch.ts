/**
 * Watches whether events arrive over the bus, and follows the database while they do not. The bus is then called silent, also
 * when webhook-ingest is the one that does not publish.
 *
 * It guarantees that the hub is delayed from when the bus is silent until the bus delivers again and everything that was
 * committed before has been read: `delayedSinceMs` is never cleared too early.
 *
 * How: a check several times a second. Once the bus is silent, it calls `catchUp` once a second, or less often when a
 * read takes longer than half a second, so that an outage of the bus does not become one of the database. The last
 * `catchUp` starts after the bus delivers again, so an event is either in this read or on the bus.
 *
 * Without it a page says `live` for the whole outage while a committed order is missing.
 */

import { setTimeout as sleep } from 'node:timers/promises'

export interface BusWatchOptions {
  /** Whether the bus delivers to this process, and webhook-ingest publishes to it. */
  readonly isDelivering: () => boolean
  /** Reads the events that listeners miss; resolves when they have been offered. */
  readonly catchUp: () => Promise<void>
  /** Called when `delayedSinceMs` has changed. */
  readonly onChange: () => void
  readonly onError: (error: unknown) => void
}

export interface BusWatch {
  /** Since when events may be late, in ms since 1970; undefined while they are not. */
  readonly delayedSinceMs: number | undefined
  /** Waits for the promise, or until the bus is silent. */
  orSilence(promise: Promise<void>): Promise<void>
  stop(): void
}

const CHECK_INTERVAL_MS = 100
const READ_INTERVAL_MS = 1_000

export function watchBus({ isDelivering, catchUp, onChange, onError }: BusWatchOptions): BusWatch {
  const stopped = new AbortController()
  let delayedSinceMs: number | undefined
  /** What the calls of `orSilence` wait for. One promise for all of them would keep 300 bytes of each until it resolves. */
  const silences = new Set<() => void>()

  const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stopped.signal, ref: false })

  async function run(): Promise<void> {
    for (;;) {
      await wait(CHECK_INTERVAL_MS)
      if (isDelivering()) continue
      delayedSinceMs = Date.now()
      for (const resolve of silences) resolve()
      onChange()
      while (!(await isCaughtUp()));
      delayedSinceMs = undefined
      onChange()
    }
  }

  /** Reads once. @returns whether the bus delivered all the time, so that nothing can be missing. */
  async function isCaughtUp(): Promise<boolean> {
    const wasDelivering = isDelivering()
    const startedAt = performance.now()
    try {
      await catchUp()
      if (wasDelivering && isDelivering()) return true
    } catch (error) {
      onError(error)
    }
    const tookMs = performance.now() - startedAt
    const pauseUntil = startedAt + Math.max(READ_INTERVAL_MS, 2 * tookMs)
    // The bus may deliver again before the next read is due.
    const mayEnd = (): boolean => performance.now() >= pauseUntil || (!wasDelivering && isDelivering())
    do await wait(CHECK_INTERVAL_MS)
    while (!mayEnd())
    return false
  }

  run().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error
  })

  return {
    get delayedSinceMs() {
      return delayedSinceMs
    },
    async orSilence(promise) {
      const silence = Promise.withResolvers<void>()
      if (delayedSinceMs === undefined) silences.add(silence.resolve)
      else silence.resolve()
      try {
        await Promise.race([promise, silence.promise])
      } finally {
        silences.delete(silence.resolve)
      }
    },
    stop: () => stopped.abort(),
  }
}
