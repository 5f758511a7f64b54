import type { BusMessage } from '@paxyo/contracts'
import type { Cluster } from 'ioredis'
import type { EventPublisher } from './event-bus.ts'
import type { RedisBusOptions } from './redis-bus.ts'
import { connectCluster, disconnectRedis } from './redis-connection.ts'
import { PUBLISH_TIMEOUT_MS } from './redis-publisher.ts'

/** Publishes each message at the node that has its channel's slot. */
export class RedisClusterPublisher implements EventPublisher {
  readonly #cluster: Cluster
  readonly #channelPrefix: string

  constructor(options: RedisBusOptions) {
    this.#channelPrefix = options.channelPrefix
    this.#cluster = connectCluster(options, 'paxyo-publisher', { commandTimeout: PUBLISH_TIMEOUT_MS })
  }

  get isReady(): boolean {
    return this.#cluster.status === 'ready'
  }

  async publish(messages: readonly BusMessage[]): Promise<void> {
    const results = await Promise.allSettled(
      messages.map(({ channel, payload }) => this.#cluster.spublish(this.#channelPrefix + channel, payload)),
    )
    const failure = results.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  onReady(listener: () => void): void {
    this.#cluster.on('ready', listener)
    if (this.isReady) queueMicrotask(listener)
  }

  close(): Promise<void> {
    return disconnectRedis(this.#cluster)
  }
}
