import { heartbeatChannel } from '@paxyo/contracts'
import type { EventPublisher, EventSubscriber } from '@paxyo/event-bus'

export interface ProbeOptions {
  readonly publisher: EventPublisher
  readonly subscriber: EventSubscriber
  /** Tells this gateway's messages from those of others. */
  readonly gatewayId: string
  readonly now: () => number
  readonly intervalMs?: number
}

/** A message that a gateway sends to itself, to see that what is published really arrives. */
export interface Probe {
  readonly channel: string
  /** How long ago the last message arrived that had been sent; grows while nothing comes through. */
  readonly ageMs: number
  /** Whether messages come through. */
  readonly isAlive: boolean
  /** A message has come back on the channel. */
  received(): void
  stop(): void
}

const INTERVAL_MS = 2_000
/** How many messages may be missing before the connection is thought dead. */
const MISSED_MAX = 3

/**
 * A connection can look well and deliver nothing: its peer is paused, or a firewall forgot it. When several messages in
 * a row do not come back, the subscriber is made to connect anew, which catches everybody up.
 */
export function startProbe({ publisher, subscriber, gatewayId, now, intervalMs = INTERVAL_MS }: ProbeOptions): Probe {
  const channel = heartbeatChannel(gatewayId)
  const ageMax = intervalMs * MISSED_MAX
  let receivedAt = now()
  let reconnectedAt = now()
  /** How many messages were sent since one came back. They are counted, as a process that stood still sent none. */
  let missed = 0

  const beat = (): void => {
    if (missed >= MISSED_MAX && subscriber.isReady && now() - reconnectedAt > ageMax) {
      reconnectedAt = now()
      subscriber.reconnect()
    }
    missed += 1
    // While it can't be sent there is nothing to come back, and the age says so.
    publisher.publish([{ channel, payload: '' }]).catch(() => undefined)
  }
  // A busy process finds its timers due before it has read what has arrived: that comes first.
  const timer = setInterval(() => setImmediate(beat), intervalMs)
  subscriber.subscribe(channel).then(beat, () => undefined)

  return {
    channel,
    get ageMs() {
      return now() - receivedAt
    },
    get isAlive() {
      return now() - receivedAt <= ageMax
    },
    received() {
      receivedAt = now()
      missed = 0
    },
    stop: () => clearInterval(timer),
  }
}
