import { createWorker } from '@paxyo/service-kit'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { appendChanges } from './append-changes.ts'
import { readChangeFeedHead } from './read-changes.ts'

/** Appends committed changes to the changes feed, and wakes those who follow it. */
export interface ChangeFeed {
  /** How many requests are held. */
  readonly heldCount: number
  /** Called when this process has committed changes. */
  readonly changesCommitted: () => void
  /** Appends all changes that were committed before this call. */
  readonly append: () => Promise<void>
  /**
   * Waits until the feed continues after a position, until the signal, or until `close`.
   *
   * @returns `full` when too many requests are held already.
   */
  readonly waitAfter: (position: number, signal: AbortSignal) => Promise<'continued' | 'ended' | 'full'>
  /**
   * Calls a listener whenever the feed has grown. The feed is then always appended to at once.
   *
   * @returns a function that ends it.
   */
  readonly onGrown: (listener: () => void) => () => void
  /** Ends all held requests; none is held from now on. */
  readonly release: () => void
  close(): Promise<void>
}

/** The maximum number of requests that are held. */
export const HELD_REQUESTS_MAX = 200
/** Changes that are committed within this time are appended together. */
const APPEND_DELAY_MS = 10
/** The same while nothing follows the feed. */
const IDLE_APPEND_DELAY_MS = 5_000
/** While requests are held, changes of other processes are noticed within this time, by one query for all requests. */
const OTHERS_INTERVAL_MS = 500
/** Otherwise: changes of a process that ended before it could append them. */
const BACKSTOP_MS = 30_000
const RETRY_DELAY_MS = 1_000

interface Held {
  readonly position: number
  readonly settle: (result: 'continued' | 'ended') => void
}

/**
 * Starts to append. Any process appends the changes of all.
 *
 * @example
 * const feed = createChangeFeed({ pool, log })
 * const { position } = await readChangeFeedHead(pool)
 * const waiting = feed.waitAfter(position, AbortSignal.timeout(60_000))
 * await commitChangeSet({ ...ledger, onCommitted: feed.changesCommitted }, (tx) => registerOrders(tx, [order]))
 * await waiting //=> 'continued'
 * await feed.close()
 */
export function createChangeFeed({ pool, log }: { readonly pool: Pool; readonly log: Logger }): ChangeFeed {
  const held = new Set<Held>()
  const listeners = new Set<() => void>()
  let position = -1
  let isReleased = false

  const worker = createWorker({
    async run() {
      await appendChanges(pool)
      if (!isFollowed()) return undefined
      const head = await readChangeFeedHead(pool)
      // Also when another process has appended them.
      if (head.position > position) for (const listener of listeners) listener()
      position = head.position
      for (const one of held) if (one.position < position) one.settle('continued')
      return held.size > 0 ? OTHERS_INTERVAL_MS : undefined
    },
    backstopMs: BACKSTOP_MS,
    retryDelayMs: RETRY_DELAY_MS,
    onError: (err) => log.warn({ err }, 'changes not appended to the feed'),
  })

  const isFollowed = (): boolean => held.size > 0 || listeners.size > 0

  worker.wake()
  return {
    get heldCount() {
      return held.size
    },
    changesCommitted: () => worker.wake(isFollowed() ? APPEND_DELAY_MS : IDLE_APPEND_DELAY_MS),
    append: () => worker.runNow(),
    waitAfter(after, signal) {
      if (isReleased || signal.aborted) return Promise.resolve('ended')
      if (held.size >= HELD_REQUESTS_MAX) return Promise.resolve('full')
      return new Promise((resolve) => {
        const end = (): void => one.settle('ended')
        const one: Held = {
          position: after,
          settle(result) {
            held.delete(one)
            signal.removeEventListener('abort', end)
            resolve(result)
          },
        }
        held.add(one)
        signal.addEventListener('abort', end)
        // A change may have been committed since the caller read the feed.
        worker.wake()
      })
    },
    onGrown(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    release() {
      isReleased = true
      for (const one of held) one.settle('ended')
    },
    async close() {
      this.release()
      await worker.close()
    },
  }
}
