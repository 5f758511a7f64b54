import { Redis } from 'ioredis'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { startRedisServer, type RedisServer } from './redis-server.ts'

/** Several Redis servers that work together, for tests of failures. */
export interface RedisServers extends AsyncDisposable {
  /** The addresses of all, separated by commas. */
  readonly url: string
  /** In the order in which they were started. */
  readonly servers: readonly RedisServer[]
}

const MASTERS = 3
const SLOTS = 16_384
/** How long a server may be silent before the others consider it dead: longer than the pauses of a busy machine. */
const SILENCE_MS_MAX = 3_000

/** Three masters with a replica each; the replica of the master at index i is at i + 3. */
export async function startRedisCluster(): Promise<RedisServers> {
  const servers: RedisServer[] = []
  const busPorts: number[] = []
  const clients: Redis[] = []
  try {
    while (servers.length < 2 * MASTERS) {
      const busPort = await freePort()
      busPorts.push(busPort)
      servers.push(
        await startRedisServer(
          [],
          ['cluster-enabled yes', `cluster-node-timeout ${SILENCE_MS_MAX}`, `cluster-port ${busPort}`],
        ),
      )
    }
    clients.push(...servers.map(({ url }) => new Redis(url)))
    for (const [index, { port }] of servers.entries()) {
      if (index > 0) await clients[0]!.call('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[index]!)
    }
    for (let index = 0; index < MASTERS; index += 1) {
      const [first, next] = [index, index + 1].map((part) => Math.ceil((part * SLOTS) / MASTERS)) as [number, number]
      await clients[index]!.cluster('ADDSLOTSRANGE', first, next - 1)
    }
    await eventually(async () => (await knownNodes(clients)).every((count) => count === servers.length))
    for (let index = 0; index < MASTERS; index += 1) {
      const masterId = await clients[index]!.cluster('MYID')
      await clients[index + MASTERS]!.cluster('REPLICATE', masterId)
    }
    await eventually(async () => {
      const states = await Promise.all(clients.map((client) => client.cluster('INFO')))
      const replicas = await Promise.all(clients.slice(MASTERS).map((client) => client.info('replication')))
      return (
        states.every((state) => state.includes('cluster_state:ok')) &&
        replicas.every((replica) => replica.includes('master_link_status:up'))
      )
    })
  } catch (error) {
    await together(servers)[Symbol.asyncDispose]()
    throw error
  } finally {
    for (const client of clients) client.disconnect()
  }
  return together(servers)
}

async function knownNodes(clients: readonly Redis[]): Promise<number[]> {
  const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
  return infos.map((info) => Number(/cluster_known_nodes:(\d+)/.exec(info)?.[1]))
}

/** A master, its replica, and three sentinels that watch over them; `url` names the sentinels. */
export async function startRedisSentinels(): Promise<RedisServers & { readonly sentinels: readonly RedisServer[] }> {
  const all: RedisServer[] = []
  const clients: Redis[] = []
  const start = async (...options: Parameters<typeof startRedisServer>): Promise<RedisServer> => {
    const server = await startRedisServer(...options)
    all.push(server)
    return server
  }
  try {
    const master = await start()
    const replica = await start(['--replicaof', '127.0.0.1', `${master.port}`])
    const watch = [
      ['monitor', 'mymaster', '127.0.0.1', `${master.port}`, '2'],
      ['down-after-milliseconds', 'mymaster', `${SILENCE_MS_MAX}`],
      ['failover-timeout', 'mymaster', '6000'],
    ].map((words) => `sentinel ${words.join(' ')}`)
    const sentinels: RedisServer[] = []
    while (sentinels.length < 3) sentinels.push(await start(['--sentinel'], watch))
    clients.push(...sentinels.map(({ url }) => new Redis(url)))
    await eventually(async () => {
      const infos = await Promise.all(clients.map((client) => client.info('sentinel')))
      return infos.every((info) => info.includes('slaves=1,sentinels=3'))
    })
    const url = sentinels.map((sentinel) => sentinel.url).join(',')
    return { ...together(all), url, servers: [master, replica], sentinels }
  } catch (error) {
    await together(all)[Symbol.asyncDispose]()
    throw error
  } finally {
    for (const client of clients) client.disconnect()
  }
}

function together(servers: readonly RedisServer[]): RedisServers {
  return {
    url: servers.map(({ url }) => url).join(','),
    servers,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}
