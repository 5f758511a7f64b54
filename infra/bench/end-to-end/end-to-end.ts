import { bundleProgram } from '@paxyo/testkit'
import { JWT_SECRET } from '../fan-out/variants/variant.ts'
import { fileURLToPath } from 'node:url'
import { fork, type ChildProcess } from 'node:child_process'
import { plainWs } from '../fan-out/variants/plain-ws.ts'
import { wsGateway } from '../fan-out/variants/ws-gateway.ts'
import type { FanOutVariant } from '../fan-out/variants/variant.ts'
import { seedSql } from '../ingest/seed.ts'
import { ask } from '../machine/ask-child.ts'
import type { Latencies } from '../load/latencies.ts'
import { startService, type Service } from '../machine/service.ts'
import { startServers } from '../machine/servers.ts'
import type { Report, Sample } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'
import { median } from '../report/statistics.ts'

export interface EndToEndOptions {
  readonly rounds: number
  readonly roundMs: number
  readonly warmUpMs: number
  readonly clients: number
  readonly rates: readonly number[]
}

/** The child's task: send webhooks at a rate and wait for the frame of each. */
export interface EndToEndCommand {
  readonly variant: string
  readonly ingestPort: number
  readonly gatewayPort: number
  readonly token: string
  readonly jwtSecret: string
  readonly clients: number
  readonly ratePerSecond: number
  readonly durationMs: number
}

export interface EndToEndResult extends Latencies {
  readonly sent: number
  readonly arrived: number
  /** Events that were not the next one of their user. */
  readonly misordered: number
  /** How often clients were `delayed`, and how long. */
  readonly delayed: { readonly times: number; readonly longestMs: number; readonly medianMs: number }
  readonly cpuSeconds: number
}

const TOKEN = 'a-webhook-token'
const TIMEOUT_EXTRA_MS = 60_000
const WARM_UP_RATE = 1_000
/** A variant with a higher p99 cannot keep up, and would only disturb the others at higher rates. */
const P99_MS_MAX = 3_000

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** The provider and all clients, in a process that runs an {@link EndToEndCommand}. */
export const startEndToEndChild = async (): Promise<ChildProcess> =>
  fork(await bundleProgram(script('end-to-end-child.ts')), { execArgv: ['--disable-warning=ExperimentalWarning'] })

interface Pair {
  readonly name: string
  readonly ingest: string
  readonly gateway: FanOutVariant
  readonly prefix: string
}

interface Variant extends Pair {
  readonly ingestService: Service
  readonly gatewayService: Service
  readonly child: ChildProcess
}

/** The service that receives the webhook, and the one that delivers the event. */
const PAIRS: readonly Pair[] = [
  {
    name: 'Paxyo',
    ingest: script('../../../services/webhook-ingest/src/main.ts'),
    gateway: wsGateway,
    prefix: 'end-to-end:',
  },
  {
    name: 'one transaction each, plain ws',
    ingest: script('../ingest/variants/one-transaction.ts'),
    gateway: plainWs,
    prefix: 'unused:',
  },
]

/** From the first byte of a webhook to the last byte of its frame in the client. */
export async function benchEndToEnd(options: EndToEndOptions): Promise<Report> {
  const { rounds, roundMs, warmUpMs, clients, rates } = options
  // One order for each user, so that an event's user identifies the webhook that caused it.
  await using servers = await startServers(seedSql(clients, clients))
  await using running = new AsyncDisposableStack()
  const variants: Variant[] = []
  for (const [index, pair] of PAIRS.entries()) {
    const env = {
      DATABASE_URL: await servers.copyDatabase(`pair_${index}`),
      REDIS_URL: servers.redisUrl,
      CHANNEL_PREFIX: pair.prefix,
      WEBHOOK_TOKENS: TOKEN,
      JWT_SECRETS: JWT_SECRET,
    }
    const ingestService = running.use(await startService(pair.ingest, env))
    const gatewayService = running.use(await startService(pair.gateway.script, env))
    const child = await startEndToEndChild()
    running.defer(() => void child.kill('SIGKILL'))
    variants.push({ ...pair, ingestService, gatewayService, child })
  }
  const measure = async (variant: Variant, rate: number, durationMs: number) => {
    const { child, ingestService, gatewayService } = variant
    const before = {
      node: ingestService.cpuSeconds() + gatewayService.cpuSeconds(),
      postgres: servers.postgresCpuSeconds(),
    }
    const command: EndToEndCommand = {
      variant: variant.gateway.name,
      ingestPort: ingestService.port,
      gatewayPort: gatewayService.port,
      token: TOKEN,
      jwtSecret: JWT_SECRET,
      clients,
      ratePerSecond: rate,
      durationMs,
    }
    const result = await ask<EndToEndResult>(child, command, durationMs + TIMEOUT_EXTRA_MS)
    const node = ingestService.cpuSeconds() + gatewayService.cpuSeconds() - before.node
    return {
      'p99 ms': result.p99Ms,
      'p50 ms': result.p50Ms,
      'max ms': result.maxMs,
      lost: result.sent - result.arrived,
      'node CPU-s/10k': (node / result.sent) * 10_000,
      'postgres CPU-s/10k': ((servers.postgresCpuSeconds() - before.postgres) / result.sent) * 10_000,
    }
  }
  for (const variant of variants) await measure(variant, WARM_UP_RATE, warmUpMs)
  const [subject] = PAIRS as readonly [Pair]
  const samples: Sample[] = []
  const remarks: string[] = []
  let able = variants
  for (const rate of rates.toSorted((left, right) => left - right)) {
    const load = `${rate} webhooks a second`
    const found = await takeTurns(load, able, rounds, (variant) => measure(variant, rate, roundMs))
    samples.push(...found)
    const p99Of = (name: string): number =>
      median(found.filter(({ variant }) => variant === name).map(({ figures }) => figures['p99 ms']!))
    const behind = able.filter(({ name }) => name !== subject.name && p99Of(name) > P99_MS_MAX)
    remarks.push(...behind.map(({ name }) => `${name}: cannot keep up with ${load}; left out of higher rates.`))
    able = able.filter((variant) => !behind.includes(variant))
  }
  return { name: 'end-to-end', subject: subject.name, samples, remarks }
}
