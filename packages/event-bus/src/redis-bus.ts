import type { EventBus } from './event-bus.ts'
import type { RedisAddress } from './redis-address.ts'
import { RedisClusterSubscriber } from './redis-cluster-subscriber.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisClusterPublisher, createRedisPublisher } from './redis-publisher.ts'
import { RedisSubscriber } from './redis-subscriber.ts'

export interface RedisBusOptions extends RedisAddress {
  /**
   * What every channel's name begins with, such as `paxyo:`. Systems that share a Redis must differ in it: pub/sub knows
   * no databases, so one system's users would be sent the other's events.
   */
  readonly channelPrefix: string
  /** Told of every error of a connection; each is followed by a new attempt. */
  readonly onError: (error: Error) => void
}

/**
 * A bus over Redis pub/sub: one server, a master that sentinels name, or a cluster with sharded pub/sub. It connects at
 * once and goes on trying for as long as it is open.
 */
export function createRedisBus(options: RedisBusOptions): EventBus {
  if (options.topology === 'cluster') {
    return {
      connectPublisher: () => createRedisClusterPublisher(options),
      connectSubscriber: (handlers) => new RedisClusterSubscriber(options, handlers),
    }
  }
  return {
    connectPublisher: () => createRedisPublisher(options),
    connectSubscriber: (handlers) =>
      new RedisSubscriber(connectRedis(options, 'paxyo-subscriber'), options.channelPrefix, handlers),
  }
}
