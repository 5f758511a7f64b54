import { moveSlots, startRedisCluster, startRedisSentinels, type RedisServers } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startEndToEndChild, type EndToEndCommand, type EndToEndResult } from '../end-to-end/end-to-end.ts'
import { JWT_SECRET } from '../fan-out/variants/variant.ts'
import { wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { seedSql } from '../ingest/seed.ts'
import { ask } from '../machine/ask-child.ts'
import { watchNoise } from '../machine/noise.ts'
import { startServers, type Servers } from '../machine/servers.ts'
import { startService } from '../machine/service.ts'
import type { Report, Sample } from '../report/samples.ts'

export interface RedisFailoverOptions {
  readonly clients: number
  /** Webhooks a second, each of which is an event of one client. */
  readonly rate: number
  readonly durationMs: number
  /** The names of the changes; all by default. */
  readonly only: readonly string[]
}

/** Something that happens to Redis while events flow. */
interface Change {
  readonly name: string
  readonly topology: 'sentinel' | 'cluster'
  readonly start: () => Promise<RedisServers>
  readonly apply: (redis: RedisServers) => Promise<void> | void
}

const CHANGES: readonly Change[] = [
  {
    name: 'Sentinel: nothing',
    topology: 'sentinel',
    start: () => startRedisSentinels(),
    apply: () => undefined,
  },
  {
    name: 'Sentinel: kill -9 of the master',
    topology: 'sentinel',
    start: () => startRedisSentinels(),
    apply: ({ servers }) => void servers[0]!.process.kill('SIGKILL'),
  },
  {
    name: 'Cluster: a third of the slots moves',
    topology: 'cluster',
    start: startRedisCluster,
    async apply({ servers }) {
      const masters = servers.slice(0, 3)
      await moveSlots(masters, masters[0]!, masters[2]!)
    },
  },
  {
    name: 'Cluster: kill -9 of a master',
    topology: 'cluster',
    start: startRedisCluster,
    apply: ({ servers }) => void servers[1]!.process.kill('SIGKILL'),
  },
]

const TOKEN = 'a-webhook-token'
const INGEST = fileURLToPath(new URL('../../../services/webhook-ingest/src/main.ts', import.meta.url))
const WARM_UP_MS = 3_000
const TIMEOUT_EXTRA_MS = 120_000
/** The part of the duration after which Redis changes. */
const CHANGES_AFTER = 0.25

/** Lost and misordered events while Redis fails over or its slots move, and for how long clients are `delayed`. */
export async function benchRedisFailover(options: RedisFailoverOptions): Promise<Report> {
  await using servers = await startServers(seedSql(options.clients, options.clients))
  const samples: Sample[] = []
  for (const [index, change] of CHANGES.entries()) {
    if (options.only.length > 0 && !options.only.includes(change.name)) continue
    const databaseUrl = await servers.copyDatabase(`change_${index}`)
    samples.push(await measure(change, databaseUrl, servers, options))
    process.stderr.write(`${change.name}: ${JSON.stringify(samples.at(-1)!.figures)}\n`)
  }
  return { name: 'redis-failover', subject: CHANGES[0]!.name, samples, remarks: [] }
}

async function measure(
  { name, topology, start, apply }: Change,
  databaseUrl: string,
  servers: Servers,
  { clients, rate, durationMs }: RedisFailoverOptions,
): Promise<Sample> {
  await using redis = await start()
  const env = {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redis.url,
    REDIS_TOPOLOGY: topology,
    WEBHOOK_TOKENS: TOKEN,
    JWT_SECRETS: JWT_SECRET,
    HANDSHAKES_PER_SECOND_MAX: '100000',
  }
  await using ingest = await startService(INGEST, env)
  await using gateway = await startService(wsGateway.script, env)
  const child = await startEndToEndChild()
  try {
    const run = (ratePerSecond: number, forMs: number): Promise<EndToEndResult> => {
      const command: EndToEndCommand = {
        variant: wsGateway.name,
        ingestPort: ingest.port,
        gatewayPort: gateway.port,
        token: TOKEN,
        jwtSecret: JWT_SECRET,
        clients,
        ratePerSecond,
        durationMs: forMs,
      }
      return ask(child, command, forMs + TIMEOUT_EXTRA_MS)
    }
    await run(rate / 2, WARM_UP_MS)
    const noise = watchNoise()
    const postgresBefore = servers.postgresCpuSeconds()
    const [result] = await Promise.all([
      run(rate, durationMs),
      sleep(durationMs * CHANGES_AFTER).then(() => apply(redis)),
    ])
    return {
      load: `${rate} webhooks a second to ${clients} clients`,
      variant: name,
      figures: {
        'longest ms': result.maxMs,
        'p99 ms': result.p99Ms,
        'p50 ms': result.p50Ms,
        events: result.arrived,
        lost: result.sent - result.arrived,
        misordered: result.misordered,
        'delayed clients': result.delayed.times,
        'longest delayed ms': result.delayed.longestMs,
        'median delayed ms': result.delayed.medianMs,
        'postgres CPU-s': servers.postgresCpuSeconds() - postgresBefore,
      },
      noise: noise(),
    }
  } finally {
    child.kill('SIGKILL')
  }
}
