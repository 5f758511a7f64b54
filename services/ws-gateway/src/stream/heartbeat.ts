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
  /** Whether at most a few heartbeats in a row are missing. */
  readonly isAlive: boolean
  /** Call this for each message on the channel. */
  received(): void
  stop(): void
}

/** Short, because pages must not be late by a second while they say `live`. */
const INTERVAL_MS = 250
/** With more missing heartbeats in a row than this, the bus is considered silent. */
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
   * Heartbeats sent since the last one arrived. A count, because a process that was paused has sent none in that time.
   */
  let missed = 0
  let sentAt = now()
  let roundTripMs: number | undefined

  const beat = (): void => {
    const isDead = missed >= MISSED_BEFORE_RECONNECT && subscriber.isReady
    if (isDead && now() - reconnectedAt > reconnectIntervalMs) {
      reconnectedAt = now()
      subscriber.reconnect()
    }
    if (missed === 0) sentAt = now()
    missed += 1
    // A heartbeat that can't be published does not arrive either, so `ageMs` grows.
    publisher.publish([{ channel, payload: '' }]).catch(() => undefined)
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
      return missed <= MISSED_MAX
    },
    received() {
      receivedAt = now()
      if (missed > 0) roundTripMs = receivedAt - sentAt
      missed = 0
    },
    stop: () => clearInterval(timer),
  }
}
