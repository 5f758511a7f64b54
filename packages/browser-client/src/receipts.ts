import type { Position } from '@paxyo/contracts'

export interface ReceiptsDeps {
  readonly isHidden: () => boolean
  /** Of the last event or snapshot that all listeners have handled. */
  readonly position: () => Position | undefined
  /** @returns whether it was sent. */
  readonly send: (seen: Position) => boolean
}

/** What the user has seen of the stream. */
export interface Receipts {
  /** Everything up to here, in any tab. */
  readonly seen: Position | undefined
  /** Something was handled, or the page has become visible. */
  update(): void
  /** Another tab has shown the stream up to a position. */
  add(seen: Position): void
  /** Sends now what waits, because the page is hidden or may be closed. */
  flush(): void
  stop(): void
}

const INTERVAL_MS = 2_000

/**
 * Tells the server how far the user has seen the stream: what the application has handled while the page was visible, and
 * when a page becomes visible, everything that it has handled before. At most one message in two seconds; a lost one is
 * made up for by the next, or by the next `hello`.
 */
export function createReceipts({ isHidden, position, send }: ReceiptsDeps): Receipts {
  let seen: Position | undefined
  let sent: Position | undefined
  let sentAtMs = -Infinity
  let timer: ReturnType<typeof setTimeout> | undefined

  function add(next: Position): void {
    if (seen?.epoch === next.epoch && seen.seq >= next.seq) return
    seen = next
    const waitMs = sentAtMs + INTERVAL_MS - Date.now()
    // A clock that was set back must not delay it for hours.
    if (waitMs <= 0 || waitMs > INTERVAL_MS) flush()
    else timer ??= setTimeout(flush, waitMs)
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    if (seen === undefined || seen.seq === 0 || (sent?.epoch === seen.epoch && sent.seq >= seen.seq)) return
    if (!send(seen)) return
    sent = seen
    sentAtMs = Date.now()
  }

  return {
    get seen() {
      return seen
    },
    update() {
      const now = position()
      if (now !== undefined && !isHidden()) add(now)
    },
    add,
    flush,
    stop: () => clearTimeout(timer),
  }
}
