import type { EventBus } from './event-bus.ts'
import type { RedisBusOptions } from './redis-bus-options.ts'
import { RedisClusterSubscriber } from './redis-cluster-subscriber.ts'
import { connectRedis } from './redis-connection.ts'
import { createRedisClusterPublisher, createRedisPublisher } from './redis-publisher.ts'
import { RedisSubscriber } from './redis-subscriber.ts'
import { signedBus } from './signed-bus.ts'

/**
 * A bus over Redis pub/sub: one server, the sentinels' current master, or a cluster with sharded pub/sub. It connects
 * immediately, and reconnects until it is closed.
 *
 * @example
 * const bus = createRedisBus({ url: redisUrl, channelPrefix: 'example:', onError: (error) => log.error(error) })
 * const publisher = bus.connectPublisher()
 * await new Promise<void>((resolve) => publisher.onReady(resolve))
 * publisher.isReady //=> true
 * await publisher.close()
 */
export function createRedisBus(options: RedisBusOptions): EventBus {
  return signedBus(unsignedBus(options), options.messageKeys ?? [], options.onMessageKeyUsed)
}

function unsignedBus(options: RedisBusOptions): EventBus {
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
