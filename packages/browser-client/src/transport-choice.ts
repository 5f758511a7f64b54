/**
 * Chooses between WebSockets and streams.
 *
 * It guarantees that a page behind a network that blocks WebSockets, or ends them within seconds, gets a stream, and that
 * a page whose server is away does not: that would move all pages to streams after every outage.
 *
 * How: it counts WebSockets in a row that lived shortly, whether they opened or not. After two, the connection asks the
 * server by HTTP (`why.ts`). A server that responds and would accept a WebSocket is reachable by a stream. That it worked
 * is remembered in `localStorage` for minutes; then the next link is a WebSocket again, and if that fails, one failure is
 * enough.
 */
import { attempt } from './attempt.ts'
import type { LinkKind } from './link.ts'

export interface TransportChoice {
  readonly kind: LinkKind
  /** A WebSocket that was not closed by the server has ended. @returns whether to ask the server why. */
  socketEnded(lifeMs: number): boolean
  /** Something between blocks WebSockets. */
  blocked(): void
  /** A stream has had its `welcome`. */
  streamWorked(): void
  /** A stream has ended, and no gateway has said anything on it. */
  streamFailed(): void
}

/** A WebSocket that lived for this long works. */
const STABLE_MS = 10_000
const REMEMBERED_MS = 600_000
const SHORT_LIVES_MAX = 2

/** @param forced instead of choosing. */
export function createTransportChoice(url: string, forced: LinkKind | undefined): TransportChoice {
  const key = `paxyo stream until ${url}`
  // Storage may be forbidden: then every page finds out again.
  let streamUntilMs = Number(attempt(() => localStorage.getItem(key))) || 0
  let shortLives = streamUntilMs > 0 ? SHORT_LIVES_MAX - 1 : 0

  function remember(untilMs: number): void {
    streamUntilMs = untilMs
    attempt(() => localStorage.setItem(key, `${untilMs}`))
  }

  /** Not for longer, when the clock was ahead before. */
  function isRemembered(): boolean {
    const leftMs = streamUntilMs - Date.now()
    return leftMs > 0 && leftMs <= REMEMBERED_MS
  }

  return {
    get kind() {
      if (forced !== undefined) return forced
      return attempt(() => typeof WebSocket) !== 'function' || isRemembered() ? 'stream' : 'websocket'
    },
    socketEnded(lifeMs) {
      if (lifeMs >= STABLE_MS) {
        shortLives = 0
        if (streamUntilMs > 0) remember(0)
        return false
      }
      shortLives += 1
      return shortLives % SHORT_LIVES_MAX === 0
    },
    blocked() {
      streamUntilMs = Date.now() + REMEMBERED_MS
    },
    streamWorked() {
      shortLives = SHORT_LIVES_MAX - 1
      remember(streamUntilMs)
    },
    streamFailed() {
      shortLives = 0
      remember(0)
    },
  }
}
