import { heartbeatChannel } from '@paxyo/contracts'
import type { EventPublisher, EventSubscriber } from '@paxyo/event-bus'

export interface HeartbeatOptions {
  readonly publisher: EventPublisher
  readonly subscriber: EventSubscriber
  /** Distinguishes this gateway's heartbeats from those of others. */
  readonly gatewayId: string
  readonly now: () => number
  readonly intervalMs?: number
}

/** Messages that a gateway sends to itself, to check that pub/sub delivers. */
export interface Heartbeat {
  readonly channel: string
  /** The time since the last heartbeat arrived. */
  readonly ageMs: number
  /** How long the last one took over the bus; undefined before the first one has arrived. */
  readonly roundTripMs: number | undefined
  /** Whether at most a few heartbeats in a row are missing or on their way. */
  readonly isAlive: boolean
  /** Call this with each message on the channel. */
  received(payload: Buffer): void
  stop(): void
}

/** Short, because pages must not be late by a second while they say `live`. */
const INTERVAL_MS = 250
/** With more missing heartbeats in a row than this, the bus is considered silent: also when it delivers all of them, but late. */
const MISSED_MAX = 2
/** After this number of missing heartbeats in a row, the connection is considered dead, and is replaced. */
const MISSED_BEFORE_RECONNECT = 24

/**
 * A connection can look healthy and deliver nothing: the server is paused, or a firewall has dropped the connection
 * silently. When heartbeats in a row are missing, the bus is silent; when many are, the subscriber reconnects, and the hub
 * backfills all streams.
 */
export function startHeartbeat({
  publisher,
  subscriber,
  gatewayId,
  now,
  intervalMs = INTERVAL_MS,
}: HeartbeatOptions): Heartbeat {
  const channel = heartbeatChannel(gatewayId)
  const reconnectIntervalMs = intervalMs * MISSED_BEFORE_RECONNECT
  let receivedAt = now()
  let reconnectedAt = now()
  /**
   * The numbers of the last heartbeat that was sent and of the last one that arrived. No times, because a process that was paused
   * has sent none in that time.
   */
  let [sent, arrived] = [0, 0]
  /** When the last ones were sent, by their numbers. */
  const sentAt: number[] = []
  let roundTripMs: number | undefined

  const beat = (): void => {
    const isDead = sent - arrived >= MISSED_BEFORE_RECONNECT && subscriber.isReady
    if (isDead && now() - reconnectedAt > reconnectIntervalMs) {
      reconnectedAt = now()
      subscriber.reconnect()
    }
    sent += 1
    sentAt[sent % MISSED_BEFORE_RECONNECT] = now()
    // A heartbeat that can't be published does not arrive either, so `ageMs` grows.
    publisher.publish([{ channel, payload: String(sent) }]).catch(() => undefined)
  }
  // In a busy process a timer can be due before the received data is read; setImmediate lets the read happen first.
  const timer = setInterval(() => setImmediate(beat), intervalMs)
  subscriber.subscribe(channel).then(beat, () => undefined)

  return {
    channel,
    get ageMs() {
      return now() - receivedAt
    },
    get roundTripMs() {
      return roundTripMs
    },
    get isAlive() {
      return sent - arrived <= MISSED_MAX
    },
    received(payload) {
      const number = Number(payload.toString())
      if (!(number > arrived && number <= sent)) return
      arrived = number
      receivedAt = now()
      if (sent - arrived < MISSED_BEFORE_RECONNECT) roundTripMs = receivedAt - sentAt[number % MISSED_BEFORE_RECONNECT]!
    },
    stop: () => clearInterval(timer),
  }
}
