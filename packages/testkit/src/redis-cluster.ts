import { Redis } from 'ioredis'
import { startChaosProxy, type ChaosProxy } from './chaos-proxy.ts'
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

export interface RedisClusterOptions {
  /** Clients find each server by the address of a proxy. */
  readonly hasProxies?: boolean
  /** Whether the replica of a master that is silent takes over; without it slots are moved manually only. */
  readonly canFailOver?: boolean
}

export interface RedisCluster extends RedisServers {
  /** The link to each of `servers`, when they are behind proxies. */
  readonly proxies: readonly ChaosProxy[]
}

/** Three masters with a replica each; the replica of the master at index i is at i + 3. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { hasProxies = false, canFailOver = true } = options
  const servers: RedisServer[] = []
  const proxies: ChaosProxy[] = []
  const busPorts: number[] = []
  const clients: Redis[] = []
  try {
    while (servers.length < 2 * MASTERS) {
      const busPort = await freePort()
      busPorts.push(busPort)
      const config = ['cluster-enabled yes', `cluster-node-timeout ${SILENCE_MS_MAX}`, `cluster-port ${busPort}`]
      if (!canFailOver) config.push('cluster-replica-no-failover yes')
      const proxy = hasProxies ? await startChaosProxy(0) : undefined
      if (proxy !== undefined) {
        proxies.push(proxy)
        config.push(`cluster-announce-port ${proxy.port}`)
      }
      const server = await startRedisServer([], config)
      if (proxy !== undefined) proxy.target = server.port
      servers.push(server)
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
    await together(servers, proxies)[Symbol.asyncDispose]()
    throw error
  } finally {
    for (const client of clients) client.disconnect()
  }
  return together(servers, proxies)
}

/**
 * Moves the first range of slots of one master to another one, as an operator who adds a node does; no slot has a key. The last
 * slot stays: a master that has none left becomes a replica of the one that has them, and may go on to serve their channels.
 *
 * @param masters all of the cluster.
 */
export async function moveSlots(masters: readonly RedisServer[], from: RedisServer, to: RedisServer): Promise<void> {
  const clientOf = new Map(masters.map((server) => [server, new Redis(server.url)]))
  try {
    const receiver = await clientOf.get(to)!.cluster('MYID')
    const [first, last] = (await clientOf.get(from)!.cluster('SLOTS'))[0]! as unknown as [number, number]
    const slots = Array.from({ length: last - first }, (_, index) => first + index)
    // Of two nodes that claim a slot, the one with the greater epoch gets it: else a heartbeat of the former owner could take it back.
    await clientOf.get(to)!.call('CLUSTER', 'BUMPEPOCH')
    // Its new owner is the first that knows of it.
    for (const server of [to, from, ...masters.filter((master) => master !== to && master !== from)]) {
      const pipeline = clientOf.get(server)!.pipeline()
      for (const slot of slots) pipeline.call('CLUSTER', 'SETSLOT', slot, 'NODE', receiver)
      await pipeline.exec()
    }
  } finally {
    for (const client of clientOf.values()) client.disconnect()
  }
}

async function knownNodes(clients: readonly Redis[]): Promise<number[]> {
  const infos = await Promise.all(clients.map((client) => client.cluster('INFO')))
  return infos.map((info) => Number(/cluster_known_nodes:(\d+)/.exec(info)?.[1]))
}

export interface RedisSentinels extends RedisServers {
  readonly sentinels: readonly RedisServer[]
  /** The link to each of `servers`, when they are behind proxies. */
  readonly proxies: readonly ChaosProxy[]
}

export interface RedisSentinelsOptions {
  readonly replicas?: number
  /** Servers know each other by the address of a proxy. */
  readonly hasProxies?: boolean
}

/** A master, its replicas, and three sentinels that watch over them; `url` names the sentinels. */
export async function startRedisSentinels(options: RedisSentinelsOptions = {}): Promise<RedisSentinels> {
  const { replicas = 1, hasProxies = false } = options
  await using resources = new AsyncDisposableStack()
  const start = async (...given: Parameters<typeof startRedisServer>): Promise<RedisServer> => {
    const server = await startRedisServer(...given)
    resources.defer(() => server.stop())
    return server
  }
  const servers: RedisServer[] = []
  const proxies: ChaosProxy[] = []
  let masterPort = 0
  while (servers.length <= replicas) {
    const proxy = hasProxies ? resources.use(await startChaosProxy(0)) : undefined
    const announced = proxy === undefined ? [] : ['--replica-announce-port', `${proxy.port}`]
    const following = servers.length === 0 ? [] : ['--replicaof', '127.0.0.1', `${masterPort}`]
    const server = await start([...announced, ...following])
    if (proxy !== undefined) {
      proxy.target = server.port
      proxies.push(proxy)
    }
    if (servers.length === 0) masterPort = proxy?.port ?? server.port
    servers.push(server)
  }
  const watch = [
    ['monitor', 'mymaster', '127.0.0.1', `${masterPort}`, '2'],
    ['down-after-milliseconds', 'mymaster', `${SILENCE_MS_MAX}`],
    ['failover-timeout', 'mymaster', '6000'],
  ].map((words) => `sentinel ${words.join(' ')}`)
  const sentinels: RedisServer[] = []
  while (sentinels.length < 3) sentinels.push(await start(['--sentinel'], watch))
  const clients = sentinels.map(({ url }) => new Redis(url))
  try {
    await eventually(async () => {
      const infos = await Promise.all(clients.map((client) => client.info('sentinel')))
      return infos.every((info) => info.includes(`slaves=${replicas},sentinels=3`))
    })
  } finally {
    for (const client of clients) client.disconnect()
  }
  const owned = resources.move()
  const url = sentinels.map((sentinel) => sentinel.url).join(',')
  return { url, servers, sentinels, proxies, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function together(servers: readonly RedisServer[], proxies: readonly ChaosProxy[]): RedisCluster {
  return {
    url: servers.map(({ url }) => url).join(','),
    servers,
    proxies,
    async [Symbol.asyncDispose]() {
      await Promise.all([...servers.map((server) => server.stop()), ...proxies.map((it) => it[Symbol.asyncDispose]())])
    },
  }
}
