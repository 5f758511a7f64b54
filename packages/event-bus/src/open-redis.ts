import { Redis, type RedisOptions } from 'ioredis'
import { accessOf, masterAccessOf, nodesOf, type HostAndPort, type RedisAddress } from './redis-address.ts'
import { SlotMap } from './redis-cluster-slots.ts'

const CONNECT_TIMEOUT_MS = 5_000
const COMMAND_TIMEOUT_MS = 5_000

/** A connection is not made again when it breaks, and asks for no right of its own: a ready check needs INFO. */
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
 * One connection for somebody who waits for it and wants to know at once what is wrong, such as a command line: to the
 * server, to the master that the sentinels name, or to the node of the cluster that has the channel.
 *
 * @param channel with its prefix; where it does not matter any will do.
 * @throws the last error of the connections that were tried.
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

/** Any node that answers knows who has the channel. */
async function openNodeOf(address: RedisAddress, name: string, channel: string): Promise<Redis> {
  const open = (node: HostAndPort): Promise<Redis> =>
    connected(new Redis({ ...OPTIONS, ...accessOf(address), ...node, connectionName: name }))
  let lastError: unknown
  for (const node of nodesOf(address)) {
    let seed: Redis | undefined
    try {
      seed = await open(node)
      const owner = new SlotMap(await seed.cluster('SLOTS'), node.host).ownerOf(channel)
      if (owner === undefined) throw new Error('no node of the cluster has the slot of our channel')
      return await open(owner)
    } catch (error) {
      lastError = error
    } finally {
      seed?.disconnect()
    }
  }
  throw lastError
}

/** @throws what was really wrong: "Connection is closed" hides why it was. */
async function connected(redis: Redis): Promise<Redis> {
  let lastError: unknown
  redis.on('error', (error) => (lastError = error))
  try {
    await redis.connect()
    // Who may not log in learns it from the first command.
    await redis.ping()
    return redis
  } catch (error) {
    redis.disconnect()
    // Who is logged in and may not ping is refused by this command; everything else was said before.
    throw isPermissionError(error) ? error : (lastError ?? error)
  }
}

const isPermissionError = (error: unknown): boolean => Error.isError(error) && error.message.startsWith('NOPERM')
