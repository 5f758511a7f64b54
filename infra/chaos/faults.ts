import { Redis } from 'ioredis'
import pg from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import type { Random } from './random.ts'
import type { SingleCluster } from './single-cluster.ts'

/** Injects a fault and ends it, unless the system recovers without help. */
export type Fault<C extends Cluster> = (cluster: C, random: Random) => Promise<void>

/** Faults of the services. */
export const MEMBER_FAULTS: Readonly<Record<string, Fault<Cluster>>> = {
  'kill -9 webhook-ingest': (cluster, random) => cluster.restart(random.pick(cluster.ingests), 'SIGKILL'),
  'kill -9 ws-gateway': (cluster, random) => cluster.restart(random.pick(cluster.gateways), 'SIGKILL'),
  'SIGTERM webhook-ingest': (cluster, random) => cluster.restart(random.pick(cluster.ingests), 'SIGTERM'),
  'SIGTERM ws-gateway': (cluster, random) => cluster.restart(random.pick(cluster.gateways), 'SIGTERM'),
}

/** Faults of PostgreSQL, Redis and the network. */
export const SERVER_FAULTS: Readonly<Record<string, Fault<SingleCluster>>> = {
  'kill -9 redis': (cluster) => cluster.redis.restart(),
  async 'pause redis'(cluster, random) {
    const { process: server } = cluster.redis
    server.kill('SIGSTOP')
    await sleep(500 + random.below(3_000))
    server.kill('SIGCONT')
  },
  'redis FLUSHALL': (cluster) => onRedis(cluster, (redis) => redis.flushall()),
  'redis CLIENT KILL subscribers': (cluster) =>
    onRedis(cluster, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub')),
  'redis CLIENT KILL publishers': (cluster) =>
    onRedis(cluster, (redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'normal')),
  'kill -9 postgres': (cluster) => cluster.crashPostgres(),
  'terminate connections of webhook-ingest': (cluster) =>
    onPostgres(
      cluster,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'webhook-ingest%'`,
    ),
  'terminate connections that are committing': (cluster) =>
    onPostgres(
      cluster,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name LIKE 'webhook-ingest%' AND state <> 'idle' AND query = 'COMMIT'`,
      20,
    ),
  async 'cut the network to redis'(cluster) {
    cluster.redisProxy.cut()
  },
  async 'cut the network to postgres'(cluster) {
    cluster.postgresProxy.cut()
  },
  async 'slow network'(cluster, random) {
    cluster.redisProxy.delayMs = random.below(200)
    cluster.postgresProxy.delayMs = random.below(60)
    await sleep(500 + random.below(1_500))
    cluster.redisProxy.delayMs = 0
    cluster.postgresProxy.delayMs = 0
  },
}

/** All faults that the system must survive. */
export const FAULTS: Readonly<Record<string, Fault<SingleCluster>>> = { ...MEMBER_FAULTS, ...SERVER_FAULTS }

async function onRedis(cluster: SingleCluster, command: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(cluster.redis.url, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => undefined)
  try {
    await command(redis)
  } catch {
    // The command also kills its own connection.
  } finally {
    redis.disconnect()
  }
}

async function onPostgres(cluster: Cluster, statement: string, times = 1): Promise<void> {
  const client = new pg.Client({ connectionString: await cluster.postgresUrl() })
  client.on('error', () => undefined)
  await client.connect()
  try {
    for (let time = 0; time < times; time += 1) await client.query(statement)
  } finally {
    await client.end()
  }
}
