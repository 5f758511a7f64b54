import type { Redis } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventSubscriber, SubscriberHandlers } from './event-bus.ts'
import { readMessages } from './read-messages.ts'
import { slotOf } from './redis-cluster-slots.ts'
import { disconnectRedis } from './redis-connection.ts'

/** The maximum number of channels in one SUBSCRIBE, so that no command blocks Redis for long. */
const CHANNELS_PER_COMMAND_MAX = 500
export const SUBSCRIBE_TIMEOUT_MS = 10_000
/** The delay before a rejected SUBSCRIBE is retried, for channels that were subscribed before. */
const REJECTED_DELAY_MS = 250
/** The nodes of a cluster are pinged: a heartbeat over pub/sub arrives from one of them only. */
const PING_INTERVAL_MS = 250
/** With more pings in a row without a response than this, messages are considered lost. ioredis reconnects after 5 s. */
const UNANSWERED_MAX = 2

/**
 * Channels that are requested in one turn of the event loop are subscribed together. After a reconnect all channels are
 * subscribed again, in bounded commands one after the other, before `onRestored` is called.
 */
export class RedisSubscriber implements EventSubscriber {
  readonly #redis: Redis
  readonly #channelPrefix: string
  readonly #handlers: SubscriberHandlers
  /** Whether this is a node of a cluster, which has only some slots. */
  readonly #isSharded: boolean
  /** Every requested channel, with the promise of its acknowledgement, or `true` when it is acknowledged. */
  readonly #wanted = new Map<string, PromiseWithResolvers<void> | true>()
  /** Requested channels that were not sent on this connection yet. */
  readonly #unsent = new Set<string>()
  #isSending = false
  /** After a reconnect, until all channels are subscribed again. */
  #isRestoring = false
  #wasReady = false
  /** Pings since the last response. */
  #unanswered = 0
  readonly #pinger: NodeJS.Timeout | undefined

  constructor(redis: Redis, channelPrefix: string, handlers: SubscriberHandlers, isSharded = false) {
    this.#redis = redis
    this.#channelPrefix = channelPrefix
    this.#handlers = handlers
    this.#isSharded = isSharded
    readMessages(redis, {
      kind: isSharded ? 'smessage' : 'message',
      prefixBytes: Buffer.byteLength(channelPrefix),
      onMessage: (channel, payload) => handlers.onMessage(channel, payload),
    })
    redis.on('ready', () => this.#resubscribe())
    // In a busy process a timer can be due before the received data is read; setImmediate lets the read happen first.
    if (isSharded) this.#pinger = setInterval(() => setImmediate(() => this.#ping()), PING_INTERVAL_MS)
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready' && !this.#isRestoring && this.#unanswered <= UNANSWERED_MAX
  }

  async subscribe(channel: string): Promise<void> {
    let acknowledged = this.#wanted.get(channel)
    if (acknowledged === true) return
    if (acknowledged === undefined) {
      acknowledged = Promise.withResolvers<void>()
      this.#wanted.set(channel, acknowledged)
      this.#unsent.add(channel)
      setImmediate(() => void this.#send())
    }
    await withTimeout(acknowledged.promise, SUBSCRIBE_TIMEOUT_MS, 'Redis did not acknowledge a subscription in time')
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel)
    if (this.#unsent.delete(channel) || this.#redis.status !== 'ready') return
    // When it fails the connection is lost, and the subscription with it.
    const name = this.#channelPrefix + channel
    const unsubscribed = this.#isSharded ? this.#redis.sunsubscribe(name) : this.#redis.unsubscribe(name)
    unsubscribed.catch(() => undefined)
  }

  reconnect(): void {
    this.#redis.disconnect(true)
  }

  close(): Promise<void> {
    clearInterval(this.#pinger)
    return disconnectRedis(this.#redis)
  }

  #ping(): void {
    if (this.#redis.status !== 'ready') return
    this.#unanswered += 1
    const responded = (): void => void (this.#unanswered = 0)
    // That the command is not allowed is a response, too.
    this.#redis.ping().then(responded, responded)
  }

  /** A new connection has no subscriptions. */
  #resubscribe(): void {
    this.#isRestoring = this.#wasReady
    this.#wasReady = true
    this.#unanswered = 0
    for (const channel of this.#wanted.keys()) this.#unsent.add(channel)
    void this.#send()
  }

  /** Subscribes the unsent channels. When the connection is lost meanwhile, the next one starts over. */
  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      while (this.#unsent.size > 0 && this.#redis.status === 'ready') await this.#sendSome()
      if (this.#isRestoring && this.#redis.status === 'ready') {
        this.#isRestoring = false
        this.#handlers.onRestored()
      }
    } finally {
      this.#isSending = false
    }
  }

  /** As many channels as one command may have; in a cluster they must have the same slot. */
  #takeUnsent(): string[] {
    const [first] = this.#unsent as Set<string> & [string]
    const slot = slotOf(first)
    const fitting = this.#unsent.values().filter((channel) => !this.#isSharded || slotOf(channel) === slot)
    const channels = [...fitting.take(CHANNELS_PER_COMMAND_MAX)]
    for (const channel of channels) this.#unsent.delete(channel)
    return channels
  }

  async #sendSome(): Promise<void> {
    const channels = this.#takeUnsent()
    // Read before the command, because a channel can be unsubscribed and requested again before Redis responds.
    const waiting = channels.map((channel) => [channel, this.#wanted.get(channel)] as const)
    try {
      const names = channels.map((channel) => this.#channelPrefix + channel)
      await (this.#isSharded ? this.#redis.ssubscribe(...names) : this.#redis.subscribe(...names))
      for (const [channel, acknowledged] of waiting) {
        if (acknowledged === undefined || acknowledged === true) continue
        acknowledged.resolve()
        if (this.#wanted.get(channel) === acknowledged) this.#wanted.set(channel, true)
      }
    } catch (error) {
      if (this.#redis.status !== 'ready') return
      // The connection is alive, so Redis has rejected the command, which a retry would not change.
      for (const [, acknowledged] of waiting) if (acknowledged !== true) acknowledged?.reject(error)
      // Channels that were subscribed before are retried as long as they are requested, because subscribers rely on them.
      const lost = channels.filter((channel) => this.#wanted.get(channel) === true)
      for (const channel of lost) this.#unsent.add(channel)
      if (lost.length > 0) await sleep(REJECTED_DELAY_MS)
    }
  }
}

export async function withTimeout(promise: Promise<void>, timeoutMs: number, message: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs).unref()
  })
  try {
    await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
