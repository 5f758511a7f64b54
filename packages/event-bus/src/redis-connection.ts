import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { setTimeout as sleep } from 'node:timers/promises'
import { accessOf, masterAccessOf, nodesOf, type HostAndPort } from './redis-address.ts'
import type { RedisBusOptions } from './redis-bus-options.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** How long a server may take to respond, also during the handshake, before the connection is replaced. */
const SILENCE_MS_MAX = 5_000
const KEEP_ALIVE_MS = 10_000
const RETRY_DELAY_MS_MAX = 2_000
/** How long the server may take to respond to QUIT, and again to close its side of the connection. */
const QUIT_TIMEOUT_MS = 500

type Extra = Pick<RedisOptions, 'commandTimeout'>

/** Commands fail while a connection is down: the callers have their own retries, so ioredis must not queue or resend. */
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
  // A demoted master may keep responding: the sentinels decide.
  failoverDetector: true,
  // `keepConnected` asks them again. Each retry of ioredis waits for the one after it, and costs 1 µs more than the last one: after a day, a
  // tenth of a second.
  sentinelRetryStrategy: () => null,
  sentinelCommandTimeout: SILENCE_MS_MAX,
} satisfies RedisOptions

/** With full jitter, so that clients of the same server do not reconnect at the same time. */
function retryDelayMs(attempt: number): number {
  return Math.random() * Math.min(RETRY_DELAY_MS_MAX, 50 * 2 ** Math.min(attempt, 10))
}

/** Opens a connection to the server, or to the sentinels' current master; it reconnects. */
export function connectRedis(options: RedisBusOptions, name: string, extra: Extra = {}): Redis {
  const common = { ...OPTIONS, ...extra, connectionName: name }
  const redis =
    options.topology === 'sentinel'
      ? new Redis({ ...common, ...SENTINEL_OPTIONS, ...masterAccessOf(options) })
      : new Redis(options.url, common)
  return keepConnected(redis, options)
}

/** Opens a connection to one node of a cluster; it reconnects. */
export function connectClusterNode(options: RedisBusOptions, node: HostAndPort, name: string): Redis {
  const redis = new Redis({ ...OPTIONS, ...accessOf(options), ...node, connectionName: name })
  return keepConnected(redis, options)
}

/** The connections that this process closes itself. */
const closing = new WeakSet<Redis | Cluster>()

/**
 * ioredis gives up when no sentinel responds, and on a connection that is cut while it looks for its server, as a failover cuts one that
 * asks the sentinels: without this it would stay closed for the rest of the process's life.
 */
function keepConnected(redis: Redis, options: RedisBusOptions): Redis {
  let attempts = 0
  redis.on('error', options.onError)
  redis.on('ready', () => (attempts = 0))
  redis.on('end', () => {
    setTimeout(
      () => {
        // A failure is also reported by an `error` event.
        if (!closing.has(redis)) redis.connect().catch(() => undefined)
      },
      retryDelayMs((attempts += 1)),
    ).unref()
  })
  return redis
}

/** Opens connections to all nodes of a cluster, for commands that are routed by their keys. */
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

/** Sends QUIT when connected, so that commands sent before are processed. */
export async function disconnectRedis(redis: Redis | Cluster): Promise<void> {
  closing.add(redis)
  if (redis.status === 'ready') {
    const quit = redis.quit().catch(() => undefined)
    await Promise.race([quit, sleep(QUIT_TIMEOUT_MS, undefined, { ref: false })])
  }
  // Also after QUIT, because it does not close the connections to sentinels.
  redis.disconnect()
}
