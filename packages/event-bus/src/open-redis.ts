import { Redis, type RedisOptions } from 'ioredis'
import { accessOf, masterAccessOf, nodesOf, type HostAndPort, type RedisAddress } from './redis-address.ts'
import { SlotMap } from './redis-cluster-slots.ts'

const CONNECT_TIMEOUT_MS = 5_000
const COMMAND_TIMEOUT_MS = 5_000

/** No reconnects, and no ready check, because that needs the permission for INFO. */
const OPTIONS = {
  lazyConnect: true,
  enableReadyCheck: false,
  connectTimeout: CONNECT_TIMEOUT_MS,
  commandTimeout: COMMAND_TIMEOUT_MS,
  sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  maxRetriesPerRequest: 0,
} satisfies RedisOptions

/**
 * Opens one connection that does not reconnect and fails immediately, for command-line tools: to the server, to the
 * sentinels' current master, or to the node of the cluster that has the channel.
 *
 * @param channel with its prefix; only used with a cluster.
 * @throws the last error of the attempted connections.
 * @example
 * const redis = await openRedis({ url: redisUrl }, 'an-example', 'example:news')
 * await redis.ping() //=> 'PONG'
 * redis.disconnect()
 */
export async function openRedis(address: RedisAddress, name: string, channel: string): Promise<Redis> {
  switch (address.topology ?? 'single') {
    case 'single':
      return connected(new Redis(address.url, { ...OPTIONS, connectionName: name }))
    case 'sentinel':
      return connected(new Redis({ ...OPTIONS, ...masterAccessOf(address), connectionName: name }))
    case 'cluster':
      return openNodeOf(address, name, channel)
  }
}

/** Every reachable node knows which node has the channel. */
async function openNodeOf(address: RedisAddress, name: string, channel: string): Promise<Redis> {
  const open = (node: HostAndPort): Promise<Redis> =>
    connected(new Redis({ ...OPTIONS, ...accessOf(address), ...node, connectionName: name }))
  let lastError: unknown
  for (const node of nodesOf(address)) {
    let seed: Redis | undefined
    try {
      seed = await open(node)
      const owner = new SlotMap(await seed.cluster('SLOTS'), node.host).ownerOf(channel)
      if (owner === undefined) throw new Error("no node of the cluster has the channel's slot")
      return await open(owner)
    } catch (error) {
      lastError = error
    } finally {
      seed?.disconnect()
    }
  }
  throw lastError
}

/** @throws the underlying error: "Connection is closed" hides it. */
async function connected(redis: Redis): Promise<Redis> {
  let lastError: unknown
  redis.on('error', (error) => (lastError = error))
  try {
    await redis.connect()
    // A failed login is reported by the first command.
    await redis.ping()
    return redis
  } catch (error) {
    redis.disconnect()
    // PING itself reports a missing permission for it; any other cause was reported by an `error` event before.
    throw isPermissionError(error) ? error : (lastError ?? error)
  }
}

const isPermissionError = (error: unknown): boolean => Error.isError(error) && error.message.startsWith('NOPERM')
