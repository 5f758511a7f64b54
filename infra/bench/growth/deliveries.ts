import { maintainPartitions } from '@paxyo/database'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { seedSql } from '../ingest/seed.ts'
import { startHttpLoad } from '../load/http-load.ts'
import { runSql, startServers, type Servers } from '../machine/servers.ts'
import { startService, type Service } from '../machine/service.ts'
import type { Sample } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'

const SERVICE = fileURLToPath(new URL('../../../services/webhook-ingest/src/main.ts', import.meta.url))
const TOKEN = 'a-webhook-token'
const ORDERS = 200_000
const USERS = 20_000
const CONNECTIONS = 256
const WARM_UP_MS = 5_000
const DAY_MS = 86_400_000
/** Days of the deliveries that are there. */
const DAYS = 30

interface Grown {
  readonly name: string
  readonly url: string
  readonly service: Service
  canceled: number
}

/** The rate of webhooks in databases that differ in the number of earlier deliveries, in turns. */
export async function measureDeliveries(counts: readonly number[], rounds: number, roundMs: number): Promise<Sample[]> {
  if (counts.length === 0) return []
  await using servers = await startServers(seedSql(ORDERS, USERS))
  await using services = new AsyncDisposableStack()
  using load = startHttpLoad()
  const databases: Grown[] = []
  for (const count of counts) {
    const url = await servers.copyDatabase(`deliveries_${count}`)
    await seedDeliveries(url, count)
    const env = { DATABASE_URL: url, REDIS_URL: servers.redisUrl, WEBHOOK_TOKENS: TOKEN, CHANNEL_PREFIX: `${count}:` }
    const service = services.use(await startService(SERVICE, env))
    databases.push({ name: `${count} deliveries`, url, service, canceled: 0 })
  }
  const measure = async (database: Grown, durationMs: number): Promise<Record<string, number>> => {
    const cpu = cpuSeconds(database, servers)
    const result = await load.run({
      port: database.service.port,
      path: `/webhooks/godofpanel/${TOKEN}`,
      orders: ORDERS,
      canceledBefore: database.canceled,
      connections: CONNECTIONS,
      durationMs,
    })
    database.canceled += result.canceled
    if (result.failed > 0) throw new Error(`${result.failed} webhooks did not get a 200`)
    const used = cpuSeconds(database, servers)
    const per10k = (seconds: number): number => (seconds / result.responses) * 10_000
    return {
      'webhooks/s': result.perSecond,
      'p99 ms': result.p99Ms,
      'node CPU-s/10k': per10k(used.node - cpu.node),
      'postgres CPU-s/10k': per10k(used.postgres - cpu.postgres),
    }
  }
  for (const database of databases) await measure(database, WARM_UP_MS)
  // Awaited here, because the servers end with this function.
  return await takeTurns('webhooks, earlier deliveries', databases, rounds, (database) => measure(database, roundMs))
}

const cpuSeconds = ({ service }: Grown, servers: Servers): { node: number; postgres: number } => ({
  node: service.cpuSeconds(),
  postgres: servers.postgresCpuSeconds(),
})

/** Deliveries without bodies, as after their retention, of the last days. */
async function seedDeliveries(url: string, count: number): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  for (let day = DAYS; day >= 0; day -= 1) await maintainPartitions(pool, new Date(Date.now() - day * DAY_MS))
  await pool.end()
  const perDay = Math.ceil(count / DAYS)
  for (let day = 1; day <= DAYS; day += 1) {
    const first = (day - 1) * perDay
    await runSql(
      url,
      `INSERT INTO deliveries (delivery_id, provider, provider_order_id, outcome, received_at)
       SELECT gen_random_uuid()::text, 'godofpanel', (n::bigint * 7919 % ${ORDERS} + 1)::text, 'progress',
         date_trunc('day', now(), 'UTC') - interval '${day} days' + interval '1 day' * ((n - ${first})::float / ${perDay})
       FROM generate_series(${first}, ${Math.min(first + perDay, count) - 1}) AS n`,
    )
  }
  await runSql(url, 'VACUUM ANALYZE deliveries')
  await runSql(url, 'CHECKPOINT')
}
