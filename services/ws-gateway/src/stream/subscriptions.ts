import { userChannel } from '@paxyo/contracts'
import type { EventSubscriber } from '@paxyo/event-bus'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from './user-stream.ts'

export interface SubscriptionsDeps {
  readonly subscriber: EventSubscriber
  /** Whether the bus delivers messages to this process. */
  readonly delivers: () => boolean
  /** Waits for the promise, or until the bus is silent. */
  readonly orSilence: (promise: Promise<void>) => Promise<void>
  /** Whether the stream still has listeners. */
  readonly isOpen: (stream: Stream) => boolean
  readonly backfill: (stream: Stream) => Promise<void>
  /** The bus has acknowledged the subscription of a stream that was delayed. */
  readonly onCaughtUp: (stream: Stream) => void
}

const SUBSCRIBE_RETRY_DELAY_MS = 1_000
const REPLACE_INTERVAL_MS = 10_000

/**
 * Subscribes streams to their channels. A join waits until the bus has acknowledged the subscription. While the bus is silent
 * it does not wait: the stream is delayed, and read once a second, until the bus has acknowledged.
 */
export function createSubscriptions(deps: SubscriptionsDeps): (stream: Stream) => Promise<void> {
  const { subscriber, delivers, orSilence, isOpen, backfill, onCaughtUp } = deps
  let replacedAt = -Infinity

  async function acknowledge(stream: Stream): Promise<void> {
    await subscriber.subscribe(userChannel(stream.userId))
    stream.isSubscribed = true
  }

  /** A bus that delivers but does not acknowledge a subscription may do so on another connection. */
  function replaceConnection(): void {
    if (!delivers() || performance.now() - replacedAt < REPLACE_INTERVAL_MS) return
    replacedAt = performance.now()
    subscriber.reconnect()
  }

  async function subscribeLater(stream: Stream, acknowledged: Promise<void>): Promise<void> {
    // Another listener of the stream may have been here first.
    stream.unsubscribedSinceMs ??= Date.now()
    let attempt = acknowledged
    while (!stream.isSubscribed) {
      const waited = sleep(SUBSCRIBE_RETRY_DELAY_MS, 'waiting' as const)
      const outcome = await Promise.race([attempt.then(() => 'done' as const).catch(() => 'failed' as const), waited])
      if (!isOpen(stream)) return
      if (outcome === 'done') break
      // Meanwhile nothing else reads its events.
      await Promise.all([backfill(stream), waited])
      if (outcome === 'waiting') continue
      // Nothing would end the subscription of a stream without listeners.
      if (!isOpen(stream)) return
      replaceConnection()
      attempt = subscriber.subscribe(userChannel(stream.userId))
    }
    stream.isSubscribed = true
    await backfill(stream)
    stream.unsubscribedSinceMs = undefined
    onCaughtUp(stream)
  }

  return async (stream) => {
    if (stream.isSubscribed || stream.unsubscribedSinceMs !== undefined) return
    const acknowledged = acknowledge(stream)
    await orSilence(acknowledged)
    if (!stream.isSubscribed) void subscribeLater(stream, acknowledged)
  }
}
