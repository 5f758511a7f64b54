import type { BusMessage } from '@paxyo/contracts'
import type { Cluster, Redis } from 'ioredis'
import type { EventPublisher } from './event-bus.ts'
import type { RedisBusOptions } from './redis-bus-options.ts'
import { connectCluster, connectRedis, disconnectRedis } from './redis-connection.ts'

/** A server that does not respond must not keep batches in memory: their events are safe in the outbox. */
const EXTRA = { commandTimeout: 2_000 }
const NAME = 'paxyo-publisher'

/** Publishes all messages in one pipeline to one server. */
export function createRedisPublisher(options: RedisBusOptions): EventPublisher {
  const redis = connectRedis(options, NAME, EXTRA)
  return publisherOver(redis, async (messages) => {
    const pipeline = redis.pipeline()
    for (const { channel, payload } of messages) pipeline.publish(options.channelPrefix + channel, payload)
    const results = await pipeline.exec()
    const failure = results?.find(([error]) => error !== null)?.[0]
    if (failure) throw failure
  })
}

/** Publishes each message to the node of a cluster that has its channel's slot. */
export function createRedisClusterPublisher(options: RedisBusOptions): EventPublisher {
  const cluster = connectCluster(options, NAME, EXTRA)
  return publisherOver(cluster, async (messages) => {
    const results = await Promise.allSettled(
      messages.map(({ channel, payload }) => cluster.spublish(options.channelPrefix + channel, payload)),
    )
    const failure = results.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  })
}

function publisherOver(
  redis: Redis | Cluster,
  publish: (messages: readonly BusMessage[]) => Promise<void>,
): EventPublisher {
  return {
    get isReady() {
      return redis.status === 'ready'
    },
    publish,
    onReady(listener) {
      redis.on('ready', listener)
      if (redis.status === 'ready') queueMicrotask(listener)
    },
    close: () => disconnectRedis(redis),
  }
}
