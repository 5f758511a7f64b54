import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import { accessOf, masterAccessOf, nodesOf, type HostAndPort } from './redis-address.ts'
import type { RedisBusOptions } from './redis-bus-options.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** How long a server may owe an answer, be it to a greeting, before another connection is tried. */
const SILENCE_MS_MAX = 5_000
const KEEP_ALIVE_MS = 10_000
const RETRY_DELAY_MS_MAX = 2_000
/** How long the server may take to answer a goodbye, and again to end a connection that we have ended. */
const QUIT_TIMEOUT_MS = 500

type Extra = Pick<RedisOptions, 'commandTimeout'>

/** Commands fail while a connection is down: whoever gives one knows what to do instead; ioredis must not repeat it. */
const OPTIONS = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SILENCE_MS_MAX,
  keepAlive: KEEP_ALIVE_MS,
  disconnectTimeout: QUIT_TIMEOUT_MS,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  retryStrategy: retryDelayMs,
} satisfies RedisOptions

const SENTINEL_OPTIONS = {
  // A deposed master may go on answering: the sentinels' word counts.
  failoverDetector: true,
  sentinelRetryStrategy: retryDelayMs,
  sentinelCommandTimeout: SILENCE_MS_MAX,
} satisfies RedisOptions

/** With full jitter, so that those who lost the same server do not come back in step. */
function retryDelayMs(attempt: number): number {
  return Math.random() * Math.min(RETRY_DELAY_MS_MAX, 50 * 2 ** Math.min(attempt, 10))
}

/** One connection, to the server or to the master that the sentinels name; made again whenever it breaks. */
export function connectRedis(options: RedisBusOptions, name: string, extra: Extra = {}): Redis {
  const common = { ...OPTIONS, ...extra, connectionName: name }
  const redis =
    options.topology === 'sentinel'
      ? new Redis({ ...common, ...SENTINEL_OPTIONS, ...masterAccessOf(options) })
      : new Redis(options.url, common)
  redis.on('error', options.onError)
  return redis
}

/** One connection to one node of a cluster. */
export function connectClusterNode(options: RedisBusOptions, node: HostAndPort, name: string): Redis {
  const redis = new Redis({ ...OPTIONS, ...accessOf(options), ...node, connectionName: name })
  redis.on('error', options.onError)
  return redis
}

/** Connections to all nodes of a cluster, for commands that go where their keys are. */
export function connectCluster(options: RedisBusOptions, name: string, extra: Extra = {}): Cluster {
  const cluster = new Cluster(nodesOf(options), {
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelayMs,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    redisOptions: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS_MAX,
      keepAlive: KEEP_ALIVE_MS,
      disconnectTimeout: QUIT_TIMEOUT_MS,
      ...accessOf(options),
      ...extra,
      connectionName: name,
    },
  })
  cluster.on('error', options.onError)
  cluster.on('node error', options.onError)
  return cluster
}

/** Says goodbye when there is somebody to say it to, so that what was sent before arrives. */
export async function disconnectRedis(redis: Redis | Cluster): Promise<void> {
  if (redis.status === 'ready') {
    const goodbye = redis.quit().catch(() => undefined)
    await Promise.race([goodbye, sleep(QUIT_TIMEOUT_MS, undefined, { ref: false })])
  }
  // Even when it has ended: its connections to sentinels are its own.
  redis.disconnect()
}
