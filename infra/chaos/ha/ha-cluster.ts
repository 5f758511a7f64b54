import { migrateToLatest } from '@paxyo/database'
import { eventually, installMissing, startRedisSentinels, type RedisSentinels } from '@paxyo/testkit'
import { Redis } from 'ioredis'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMembers, type Cluster } from '../cluster.ts'
import { writeProvidersFile } from '../providers.ts'
import { startHaproxy } from './haproxy.ts'
import { startPatroniCluster, type PatroniCluster } from './patroni-cluster.ts'
import { superuserUrl } from './patroni-config.ts'
import { HA_PACKAGES } from './patroni-node.ts'

/**
 * Three PostgreSQL under Patroni and etcd, three Redis under Sentinel, two of each service. The first of each service has
 * an address with all PostgreSQL servers, the second one that of HAProxy. The second gateway reads from the standbys.
 */
export interface HaCluster extends Cluster {
  readonly patroni: PatroniCluster
  readonly redis: RedisSentinels
  /** The index of the Redis server that all sentinels consider the master; waits until they agree, and its replicas follow. */
  redisMaster(): Promise<number>
}

const WHOLE_TIMEOUT_MS = 600_000
const REPLICAS = 2

export async function startHaCluster(): Promise<HaCluster> {
  installMissing(HA_PACKAGES)
  await using cleanups = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-chaos-'))
  cleanups.defer(() => rmSync(folder, { recursive: true, force: true }))
  // PostgreSQL does not run as root: its user has a folder in it.
  chmodSync(folder, 0o711)

  const patroni = await startPatroniCluster(folder, cleanups)
  const redis = cleanups.use(await startRedisSentinels({ replicas: REPLICAS, hasProxies: true }))
  await migrateToLatest(await patroni.primaryUrl())
  const { primaryPort, standbyPort } = await startHaproxy(patroni.nodes, folder, cleanups)
  const providersFile = join(folder, 'providers.json')
  writeProvidersFile(providersFile)
  const env = { REDIS_URL: redis.url, REDIS_TOPOLOGY: 'sentinel', PROVIDERS_FILE: providersFile }
  const databases = [
    { DATABASE_URL: patroni.url },
    {
      DATABASE_URL: superuserUrl(primaryPort),
      READ_REPLICA: 'on',
      DATABASE_READ_URL: superuserUrl(standbyPort),
    },
  ]
  const members = await startMembers((index) => ({ ...env, ...databases[index] }), databases.length, cleanups)
  const owned = cleanups.move()

  async function redisMaster(): Promise<number> {
    const known = await Promise.all(redis.sentinels.map(({ url }) => masterPortOf(url)))
    const index = redis.proxies.findIndex(({ port }) => known.every((one) => one === port))
    if (index < 0) throw new Error(`the sentinels do not agree on a Redis: ${known.join(', ')}`)
    const info = await ask(redis.servers[index]!.url, (client) => client.info('replication'))
    if (!info.includes(`role:master`) || !info.includes(`connected_slaves:${REPLICAS}`)) {
      throw new Error(`Redis is not whole: ${info}`)
    }
    return index
  }
  return {
    ...members,
    patroni,
    redis,
    redisMaster: () => eventually(redisMaster, WHOLE_TIMEOUT_MS),
    postgresUrl: () => patroni.primaryUrl(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function masterPortOf(sentinel: string): Promise<number> {
  const address = await ask(sentinel, (client) => client.call('SENTINEL', 'get-master-addr-by-name', 'mymaster'))
  return Number((address as string[])[1])
}

async function ask<T>(url: string, question: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0, commandTimeout: 2_000 })
  client.on('error', () => undefined)
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}
