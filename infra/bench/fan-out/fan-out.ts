import { setTimeout as sleep } from 'node:timers/promises'
import { seedSql } from '../ingest/seed.ts'
import { startWsLoad, type WsLoad } from '../load/ws-load.ts'
import { startPeer, type Peer } from '../machine/peer.ts'
import { startServers, type Servers } from '../machine/servers.ts'
import type { Report, Sample } from '../report/report.ts'
import { takeTurns } from '../report/rounds.ts'
import type { FanOutVariant } from './variant.ts'
import { FAN_OUT_VARIANTS } from './variants/index.ts'
import { CHANNEL_PREFIX, wsGateway } from './variants/ws-gateway.ts'

export interface FanOutOptions {
  readonly rounds: number
  readonly roundMs: number
  readonly connections: number
  /** Events per second of the loads with a fixed rate. */
  readonly rates: readonly number[]
  /** At how many idle connections memory is measured; 0 leaves it out. */
  readonly idleConnections: number
  readonly only: readonly string[]
  readonly nodeArgs: readonly string[]
}

export const JWT_SECRET = 'a-secret-for-benchmarks-of-32-bytes-or-more'
const IN_FLIGHT_MAX = 1_000
const SETTLE_MS = 3_000

interface Running extends FanOutVariant {
  readonly peer: Peer
  readonly load: WsLoad
}

/** What it costs to bring an event to a browser: one user per connection, events of 300 bytes. */
export async function benchFanOut(options: FanOutOptions): Promise<Report> {
  const users = Math.max(options.connections, options.idleConnections)
  await using servers = await startServers(seedSql(users, users))
  const env = {
    DATABASE_URL: await servers.copyDatabase('fan_out'),
    REDIS_URL: servers.redisUrl,
    CHANNEL_PREFIX,
    JWT_SECRETS: JWT_SECRET,
    LOG_LEVEL: 'warn',
  }
  const variants = [...FAN_OUT_VARIANTS.values()].filter(
    ({ name }) => options.only.length === 0 || options.only.includes(name),
  )
  const start = (variant: FanOutVariant): Promise<Peer> =>
    startPeer(variant.script, env, variant === wsGateway ? { nodeArgs: options.nodeArgs } : {})
  const samples: Sample[] = []

  if (options.idleConnections > 0) {
    const count = options.idleConnections
    samples.push(
      ...(await takeTurns(`${count} clients connect, then idle`, variants, options.rounds, async (variant) => {
        await using peer = await start(variant)
        using load = startWsLoad()
        // Awaited here: what was started goes away with this block.
        return await measureConnecting(variant, peer, load, count)
      })),
    )
  }

  await using running = new AsyncDisposableStack()
  const connected: Running[] = []
  for (const variant of variants) {
    const peer = running.use(await start(variant))
    const load = running.use(startWsLoad())
    await load.connect({ variant: variant.name, port: peer.port, count: options.connections, jwtSecret: JWT_SECRET })
    connected.push({ ...variant, peer, load })
  }
  for (const ratePerSecond of [...options.rates, undefined]) {
    const load = ratePerSecond === undefined ? 'as many events as it can' : `${ratePerSecond} events a second`
    samples.push(
      ...(await takeTurns(`${options.connections} clients, ${load}`, connected, options.rounds, (variant) =>
        measureEvents(servers, variant, options.roundMs, ratePerSecond),
      )),
    )
  }
  return { name: 'fan-out', subject: wsGateway.name, samples, remarks: [] }
}

async function measureConnecting(
  variant: FanOutVariant,
  peer: Peer,
  load: WsLoad,
  count: number,
): Promise<Record<string, number>> {
  await sleep(500)
  const [bytesBefore, cpuBefore] = [peer.residentBytes(), peer.cpuSeconds()]
  const { elapsedMs } = await load.connect({ variant: variant.name, port: peer.port, count, jwtSecret: JWT_SECRET })
  const cpuSeconds = peer.cpuSeconds() - cpuBefore
  await sleep(SETTLE_MS)
  return {
    'all live s': elapsedMs / 1000,
    'node CPU-ms/client': (cpuSeconds * 1000) / count,
    'RSS kB/client': (peer.residentBytes() - bytesBefore) / count / 1000,
  }
}

async function measureEvents(
  servers: Servers,
  { name, peer, load }: Running,
  durationMs: number,
  ratePerSecond: number | undefined,
): Promise<Record<string, number>> {
  const before = { node: peer.cpuSeconds(), redis: servers.redisCpuSeconds() }
  const result = await load.publish({
    variant: name,
    redisUrl: servers.redisUrl,
    durationMs,
    inFlightMax: IN_FLIGHT_MAX,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
  })
  const per100k = (cpuSeconds: number): number => (cpuSeconds / result.received) * 100_000
  return {
    'events/s': result.perSecond,
    'p50 ms': result.p50Ms,
    'p99 ms': result.p99Ms,
    lost: result.sent - result.received,
    'node CPU-s/100k': per100k(peer.cpuSeconds() - before.node),
    'redis CPU-s/100k': per100k(servers.redisCpuSeconds() - before.redis),
    'load CPU-s/100k': per100k(result.cpuSeconds),
  }
}
