import type { Redis } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EventSubscriber, SubscriberHandlers } from './event-bus.ts'
import { slotOf } from './redis-cluster-slots.ts'
import { disconnectRedis } from './redis-connection.ts'

/** How many channels one SUBSCRIBE names, so that no single command keeps Redis from its other clients for long. */
const CHANNELS_PER_COMMAND_MAX = 500
export const SUBSCRIBE_TIMEOUT_MS = 10_000
/** How soon Redis is asked again for channels that it refuses and that it gave before. */
const REJECTED_DELAY_MS = 250

/**
 * Channels that are asked for in one turn of the event loop go out together. After a break all of them are subscribed
 * again, in bounded commands one after the other, before anybody is told that the bus is back.
 */
export class RedisSubscriber implements EventSubscriber {
  readonly #redis: Redis
  readonly #channelPrefix: string
  readonly #handlers: SubscriberHandlers
  /** Whether this is a node of a cluster, which has only some slots. */
  readonly #isSharded: boolean
  /** Every channel that somebody wants, with the promise of its acknowledgement, or `true` once Redis has given it. */
  readonly #wanted = new Map<string, PromiseWithResolvers<void> | true>()
  /** Wanted channels that this connection has not been asked for yet. */
  readonly #unsent = new Set<string>()
  #isSending = false
  /** Since a connection that had worked broke, until its successor knows all channels. */
  #isRestoring = false
  #wasReady = false

  constructor(redis: Redis, channelPrefix: string, handlers: SubscriberHandlers, isSharded = false) {
    this.#redis = redis
    this.#channelPrefix = channelPrefix
    this.#handlers = handlers
    this.#isSharded = isSharded
    redis.on(isSharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, payload: Buffer) => {
      handlers.onMessage(channel.toString('utf8', channelPrefix.length), payload)
    })
    redis.on('ready', () => this.#resubscribe())
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
    const name = this.#channelPrefix + channel
    const asked = this.#isSharded ? this.#redis.sunsubscribe(name) : this.#redis.unsubscribe(name)
    asked.catch(() => undefined)
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

  /** As many as one command may name; in a cluster it may name channels of one slot only. */
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
    // Kept from here, because a channel can be dropped and wanted again before Redis answers.
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
      // With the connection alive it was a refusal, which asking again would not change.
      for (const [, refused] of waiting) if (refused !== true) refused?.reject(error)
      // But what was subscribed before is owed to those who rely on it, for as long as they want it.
      const owed = channels.filter((channel) => this.#wanted.get(channel) === true)
      for (const channel of owed) this.#unsent.add(channel)
      if (owed.length > 0) await sleep(REJECTED_DELAY_MS)
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
