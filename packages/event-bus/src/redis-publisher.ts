import type { BusMessage } from '@paxyo/contracts'
import type { Redis } from 'ioredis'
import type { EventPublisher } from './event-bus.ts'
import type { RedisBusOptions } from './redis-bus.ts'
import { connectRedis, disconnectRedis } from './redis-connection.ts'

/** A server that stopped answering must not hold batches in memory: their events are safe in the outbox. */
export const PUBLISH_TIMEOUT_MS = 2_000

export class RedisPublisher implements EventPublisher {
  readonly #redis: Redis
  readonly #channelPrefix: string

  constructor(options: RedisBusOptions) {
    this.#channelPrefix = options.channelPrefix
    this.#redis = connectRedis(options, 'paxyo-publisher', { commandTimeout: PUBLISH_TIMEOUT_MS })
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const { channel, payload } of messages) pipeline.publish(this.#channelPrefix + channel, payload)
    const results = await pipeline.exec()
    const failure = results?.find(([error]) => error !== null)?.[0]
    if (failure) throw failure
  }

  onReady(listener: () => void): void {
    this.#redis.on('ready', listener)
    if (this.isReady) queueMicrotask(listener)
  }

  close(): Promise<void> {
    return disconnectRedis(this.#redis)
  }
}
