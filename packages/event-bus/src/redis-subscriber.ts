import type { Redis } from 'ioredis'
import type { EventSubscriber, SubscriberHandlers } from './event-bus.ts'
import type { RedisBusOptions } from './redis-bus.ts'
import { connectRedis, disconnectRedis } from './redis-connection.ts'

/** How many channels one SUBSCRIBE names, so that no single command keeps Redis from its other clients for long. */
const CHANNELS_PER_COMMAND_MAX = 500
const SUBSCRIBE_TIMEOUT_MS = 10_000

/**
 * Channels that are asked for in one turn of the event loop go out together. After a break all of them are subscribed
 * again, in bounded commands one after the other, before anybody is told that the bus is back.
 */
export class RedisSubscriber implements EventSubscriber {
  readonly #redis: Redis
  readonly #handlers: SubscriberHandlers
  readonly #channelPrefix: string
  /** Every channel that somebody wants, with the promise of its acknowledgement, or `true` once Redis has given it. */
  readonly #wanted = new Map<string, PromiseWithResolvers<void> | true>()
  /** Wanted channels that this connection has not been asked for yet. */
  readonly #unsent = new Set<string>()
  #isSending = false
  /** Since a connection that had worked broke, until its successor knows all channels. */
  #isRestoring = false
  #wasReady = false

  constructor(options: RedisBusOptions, handlers: SubscriberHandlers) {
    this.#handlers = handlers
    this.#channelPrefix = options.channelPrefix
    this.#redis = connectRedis(options, 'paxyo-subscriber')
    this.#redis.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
      handlers.onMessage(channel.toString('utf8', options.channelPrefix.length), payload)
    })
    this.#redis.on('ready', () => this.#resubscribe())
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready' && !this.#isRestoring
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
    // When it fails the connection is gone, and the subscription with it.
    this.#redis.unsubscribe(this.#channelPrefix + channel).catch(() => undefined)
  }

  reconnect(): void {
    this.#redis.disconnect(true)
  }

  close(): Promise<void> {
    return disconnectRedis(this.#redis)
  }

  /** A new connection knows none of our channels. */
  #resubscribe(): void {
    this.#isRestoring = this.#wasReady
    this.#wasReady = true
    for (const channel of this.#wanted.keys()) this.#unsent.add(channel)
    void this.#send()
  }

  /** Asks for what is unsent. When the connection breaks on the way, its successor starts over. */
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

  async #sendSome(): Promise<void> {
    const channels = [...this.#unsent.values().take(CHANNELS_PER_COMMAND_MAX)]
    // Kept from here, because a channel can be dropped and wanted again before Redis answers.
    const waiting = channels.map((channel) => [channel, this.#wanted.get(channel)] as const)
    for (const channel of channels) this.#unsent.delete(channel)
    try {
      await this.#redis.subscribe(...channels.map((channel) => this.#channelPrefix + channel))
      for (const [channel, acknowledged] of waiting) {
        if (acknowledged === undefined || acknowledged === true) continue
        acknowledged.resolve()
        if (this.#wanted.get(channel) === acknowledged) this.#wanted.set(channel, true)
      }
    } catch (error) {
      // With the connection alive it was a refusal, which asking again would not change.
      if (this.#redis.status === 'ready')
        for (const [, refused] of waiting) if (refused !== true) refused?.reject(error)
    }
  }
}

async function withTimeout(promise: Promise<void>, timeoutMs: number, message: string): Promise<void> {
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
