import { setTimeout as sleep } from 'node:timers/promises'
import { seedSql } from '../ingest/seed.ts'
import { startWsLoad, type WsLoad } from './ws-load.ts'
import { startService, type Service } from '../machine/service.ts'
import { startServers, type Servers } from '../machine/servers.ts'
import type { Report, Sample } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'
import { JWT_SECRET, type FanOutVariant } from './variants/variant.ts'
import { FAN_OUT_VARIANTS } from './variants/index.ts'
import { gatewayEnv, wsGateway } from './variants/ws-gateway.ts'

export interface FanOutOptions {
  readonly rounds: number
  readonly roundMs: number
  readonly connections: number
  /** Events per second of the loads with a fixed rate. */
  readonly rates: readonly number[]
  /** How many clients connect at once, and how many there are when memory is measured; 0 leaves both out. */
  readonly idleConnections: number
  readonly only: readonly string[]
  readonly nodeArgs: readonly string[]
  /** How long the server may take to finish the work of closed sockets, such as unsubscribing. */
  readonly settleMs?: number
}

const IN_FLIGHT_MAX = 1_000
/** After this many clients a server has compiled its code and allocated everything that it allocates once. */
const WARM_UP_CLIENTS = 500
/**
 * Concurrent connects before memory is measured: a storm of connects leaves holes in native memory that the next storm
 * reuses, and that would count here as 5 kB for each client.
 */
const AT_ONCE_MAX = 250
const SETTLE_MS = 1_500

interface Running extends FanOutVariant {
  readonly service: Service
  readonly load: WsLoad
}

/** The cost of delivering an event to a browser: one user per connection, events of 300 bytes. */
export async function benchFanOut(options: FanOutOptions): Promise<Report> {
  const users = Math.max(options.connections, options.idleConnections)
  await using servers = await startServers(seedSql(users, users))
  const env = {
    ...gatewayEnv(await servers.copyDatabase('fan_out'), servers.redisUrl),
    CENTRIFUGO: process.env['CENTRIFUGO'] ?? '',
    NCHAN: process.env['NCHAN'] ?? '',
  }
  const variants = [...FAN_OUT_VARIANTS.values()].filter(
    ({ name }) => options.only.length === 0 || options.only.includes(name),
  )
  const start = (variant: FanOutVariant): Promise<Service> =>
    startService(
      variant.script,
      { ...env, ...variant.env },
      variant === wsGateway ? { nodeArgs: options.nodeArgs } : {},
    )
  const samples: Sample[] = []

  if (options.idleConnections > 0) {
    const count = options.idleConnections
    const onNewService =
      (measure: typeof measureMemory) =>
      async (variant: FanOutVariant): Promise<Record<string, number>> => {
        await using service = await start(variant)
        // Awaited here, because the service ends with this block.
        return await measure(variant, service, count, options.settleMs ?? SETTLE_MS)
      }
    samples.push(
      ...(await takeTurns(
        `${count} clients connect at once`,
        variants,
        options.rounds,
        onNewService(measureConnecting),
      )),
      ...(await takeTurns(`${count} idle clients`, variants, options.rounds, onNewService(measureMemory))),
    )
  }

  await using running = new AsyncDisposableStack()
  const connected: Running[] = []
  for (const variant of variants) {
    const service = running.use(await start(variant))
    const load = running.use(await startWsLoad())
    await load.connect({ variant: variant.name, port: service.port, count: options.connections, jwtSecret: JWT_SECRET })
    connected.push({ ...variant, service, load })
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
  service: Service,
  count: number,
): Promise<Record<string, number>> {
  using load = await startWsLoad()
  const cpuBefore = service.cpuSeconds()
  const target = { variant: variant.name, port: service.port, jwtSecret: JWT_SECRET }
  const { elapsedMs, retries } = await load.connect({ ...target, count })
  return {
    'all live s': elapsedMs / 1000,
    'node CPU-ms/client': ((service.cpuSeconds() - cpuBefore) * 1000) / count,
    retries,
  }
}

/** The memory of an idle client, after the garbage of its connecting has been collected. */
async function measureMemory(
  variant: FanOutVariant,
  service: Service,
  count: number,
  settleMs: number,
): Promise<Record<string, number>> {
  using load = await startWsLoad()
  const target = { variant: variant.name, port: service.port, jwtSecret: JWT_SECRET, atOnceMax: AT_ONCE_MAX }
  await load.connect({ ...target, count: Math.min(WARM_UP_CLIENTS, count) })
  await load.disconnect()
  await sleep(settleMs)
  const before = await service.memory()
  await load.connect({ ...target, count })
  await sleep(settleMs)
  const after = await service.memory()
  return {
    'RSS kB/client': (after.residentBytes - before.residentBytes) / count / 1000,
    'heap kB/client': (after.heapBytes - before.heapBytes) / count / 1000,
  }
}

async function measureEvents(
  servers: Servers,
  running: Running,
  durationMs: number,
  ratePerSecond: number | undefined,
): Promise<Record<string, number>> {
  const { name, service, load, inFlightMax = IN_FLIGHT_MAX } = running
  await service.eventLoop()
  const before = { node: service.cpuSeconds(), user: service.userSeconds(), redis: servers.redisCpuSeconds() }
  const result = await load.publish({
    variant: name,
    redisUrl: servers.redisUrl,
    durationMs,
    inFlightMax,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
  })
  const timers = await service.eventLoop()
  const after = { node: service.cpuSeconds(), user: service.userSeconds(), redis: servers.redisCpuSeconds() }
  const publishing =
    running.connectPublisher === undefined || ratePerSecond === undefined
      ? {}
      : await measurePublishing(servers, running, durationMs, ratePerSecond)
  const per100k = (cpuSeconds: number): number => (cpuSeconds / result.received) * 100_000
  return {
    'events/s': result.perSecond,
    'p50 ms': result.p50Ms,
    'p99 ms': result.p99Ms,
    lost: result.sent - result.received,
    'timer p99 ms': timers.p99Ms,
    'node CPU-s/100k': per100k(after.node - before.node),
    'node user CPU-s/100k': per100k(after.user - before.user),
    'redis CPU-s/100k': per100k(after.redis - before.redis),
    'load CPU-s/100k': per100k(result.cpuSeconds),
    ...publishing,
  }
}

/** The part of publishing in the CPU of a server that publishes, too. Ours and the others deliver what Redis sends them. */
async function measurePublishing(
  servers: Servers,
  { name, service, load }: Running,
  durationMs: number,
  ratePerSecond: number,
): Promise<Record<string, number>> {
  const before = service.cpuSeconds()
  const { redisUrl } = servers
  const { sent } = await load.publishUnheard({ variant: name, redisUrl, durationMs, ratePerSecond })
  return { 'publish CPU-s/100k': ((service.cpuSeconds() - before) / sent) * 100_000 }
}
