import type { Limits } from './limits.ts'
import type { TransportKind } from './transport.ts'

const SECOND_MS = 1000

export interface ConnectionClockOptions {
  readonly transport: TransportKind
  readonly limits: Limits
  /** As everywhere in this class, by the monotonic clock. */
  readonly now: number
  /** From 0 to 1. */
  readonly random: () => number
}

/** The deadlines of one connection: for `hello`, for the pong to a ping, and for its age; and how often it may send. */
export class ConnectionClock {
  readonly #openedAt: number
  readonly #limits: Limits
  readonly #isStream: boolean
  /** When it reaches its maximum age. */
  readonly #endsAt: number
  #pingedAt: number
  /** When the first ping since the last message was sent. Pings may be more frequent than the time for a pong. */
  #unansweredSince: number | undefined
  /** Messages received in the second that began at `#secondStartedAt`. */
  #messagesInSecond = 0
  #secondStartedAt: number

  constructor({ transport, limits, now, random }: ConnectionClockOptions) {
    this.#openedAt = this.#secondStartedAt = now
    this.#limits = limits
    this.#isStream = transport === 'stream'
    const { connectionAgeMsMax, streamAgeMsMax } = limits
    const ageMsMax = this.#isStream ? Math.min(streamAgeMsMax, connectionAgeMsMax) : connectionAgeMsMax
    this.#endsAt = now + (ageMsMax / 2) * (1 + random())
    // Spreads the pings of clients that connected at the same time.
    this.#pingedAt = now - random() * limits.pingIntervalMs
  }

  /** Notes a received message. @returns false when it was one too many in this second. */
  received(now: number): boolean {
    this.#unansweredSince = undefined
    if (now - this.#secondStartedAt >= SECOND_MS) {
      this.#secondStartedAt = now
      this.#messagesInSecond = 0
    }
    this.#messagesInSecond += 1
    return this.#messagesInSecond <= this.#limits.messagesPerSecondMax
  }

  isHelloLate(now: number): boolean {
    return now - this.#openedAt >= this.#limits.helloTimeoutMs
  }

  /** Whether the client should open another connection. */
  isOld(now: number): boolean {
    return now >= this.#endsAt
  }

  /** Whether the connection ends now. A client with an HTTP stream opens another one first. */
  isOver(now: number): boolean {
    return now >= this.#endsAt + (this.#isStream ? this.#limits.drainOverlapMs : 0)
  }

  /** Whether the client has not responded to a ping. One with an HTTP stream cannot respond. */
  isSilent(now: number): boolean {
    const waitedMs = now - (this.#unansweredSince ?? Infinity)
    return !this.#isStream && waitedMs >= this.#limits.pongTimeoutMs
  }

  /** Whether a ping is due; then it counts as sent. */
  isPingDue(now: number): boolean {
    if (now - this.#pingedAt < this.#limits.pingIntervalMs) return false
    this.#pingedAt = now
    this.#unansweredSince ??= now
    return true
  }
}
