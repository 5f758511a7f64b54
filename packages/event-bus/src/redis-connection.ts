import { Redis, type RedisOptions } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisBusOptions } from './redis-bus.ts'

const CONNECT_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 10_000
const RETRY_DELAY_MS_MAX = 2_000
/** How long the server may take to answer a goodbye, and again to end a connection that we have ended. */
const GOODBYE_TIMEOUT_MS = 500

/**
 * One connection that is made again whenever it breaks, after a delay with full jitter. Commands fail while it is down:
 * whoever gives one knows what to do instead, and ioredis must neither queue nor repeat it.
 */
export function connectRedis(
  { url, onError }: RedisBusOptions,
  name: string,
  options: Pick<RedisOptions, 'commandTimeout'> = {},
): Redis {
  const redis = new Redis(url, {
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    disconnectTimeout: GOODBYE_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.random() * Math.min(RETRY_DELAY_MS_MAX, 50 * 2 ** Math.min(attempt, 10)),
    ...options,
  })
  redis.on('error', onError)
  return redis
}

/** Says goodbye when there is somebody to say it to, so that what was sent before arrives. */
export async function disconnectRedis(redis: Redis): Promise<void> {
  if (redis.status === 'ready') {
    const goodbye = redis.quit().catch(() => undefined)
    await Promise.race([goodbye, sleep(GOODBYE_TIMEOUT_MS, undefined, { ref: false })])
  }
  if (redis.status !== 'end') redis.disconnect()
}
