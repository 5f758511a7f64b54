import { setTimeout as sleep } from 'node:timers/promises'
import { runSql, startServers, type Servers } from '../machine/servers.ts'
import { gatewayEnv, wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { JWT_SECRET } from '../fan-out/variants/variant.ts'
import { startWsLoad, type Connected, type WsLoad } from '../fan-out/ws-load.ts'
import { seedSql } from '../ingest/seed.ts'
import { startService, type Service } from '../machine/service.ts'
import { takeTurns } from '../report/rounds.ts'
import type { Report, Sample } from '../report/samples.ts'

export interface FleetOptions {
  readonly roundMs: number
  readonly gateways: number
  /** Clients of all gateways, one for each user. */
  readonly clients: number
  /** Of all gateways. */
  readonly eventsPerSecond: number
}

/** A gateway and the process of its clients. */
interface Part {
  readonly gateway: Service
  readonly load: WsLoad
}

/** How many clients of a gateway connect concurrently: a storm of all of them is another benchmark. */
const AT_ONCE_MAX = 500
const WARM_UP_CLIENTS = 300
const SETTLE_MS = 1_000

const target = { variant: wsGateway.name, jwtSecret: JWT_SECRET }

/**
 * As many clients as the machine holds, over several gateways: the time until all are live, their memory, the delay of events,
 * and the time until those of a gateway that dies are live at the others.
 */
export async function benchFleet({ roundMs, gateways, clients, eventsPerSecond }: FleetOptions): Promise<Report> {
  await using servers = await startServers(seedSql(clients, clients))
  const url = await servers.copyDatabase('fleet')
  const env = gatewayEnv(url, servers.redisUrl)
  await using running = new AsyncDisposableStack()
  const parts: Part[] = []
  for (let index = 0; index < gateways; index += 1) {
    const gateway = running.use(await startService(wsGateway.script, env))
    parts.push({ gateway, load: running.use(await startWsLoad()) })
  }
  const each = Math.floor(clients / gateways)
  const [stream] = await runSql<{ epoch: string }>(url, 'SELECT epoch FROM stream_epoch')
  const phases = [
    { name: 'all connect', measure: () => connectAll(parts, servers, each) },
    { name: 'events', measure: () => publishToAll(parts, servers, eventsPerSecond, roundMs) },
    { name: 'a gateway dies', measure: () => killOne(parts, servers, each, stream!.epoch) },
  ]
  const samples: Sample[] = []
  for (const { name, measure } of phases) {
    const subject = [{ name: `${gateways} gateways, ${clients} clients` }]
    samples.push(...(await takeTurns(name, subject, 1, measure)))
  }
  return { name: 'fleet', subject: 'none', samples, remarks: [] }
}

async function connectAll(parts: readonly Part[], servers: Servers, each: number): Promise<Record<string, number>> {
  const before = await Promise.all(parts.map(({ gateway }) => gateway.memory()))
  const costOf = watchConnects(parts, servers)
  const connected = await Promise.all(
    parts.map(({ gateway, load }, index) =>
      load.connect({ ...target, port: gateway.port, count: each, firstUser: index * each, atOnceMax: AT_ONCE_MAX }),
    ),
  )
  const count = each * parts.length
  const cost = costOf(connected, count)
  const after = await Promise.all(parts.map(({ gateway }) => gateway.memory()))
  const bytes = after.reduce((sum, { residentBytes }, index) => sum + residentBytes - before[index]!.residentBytes, 0)
  return {
    'all live s': Math.max(...connected.map(({ elapsedMs }) => elapsedMs)) / 1000,
    ...cost,
    'RSS kB/client': bytes / count / 1000,
  }
}

async function publishToAll(
  parts: readonly Part[],
  { redisUrl }: Servers,
  eventsPerSecond: number,
  durationMs: number,
): Promise<Record<string, number>> {
  const cpuBefore = cpuSeconds(parts)
  const ratePerSecond = eventsPerSecond / parts.length
  const results = await Promise.all(
    parts.map(({ load }) =>
      load.publish({ variant: wsGateway.name, redisUrl, durationMs, ratePerSecond, inFlightMax: 0 }),
    ),
  )
  const sum = (of: 'sent' | 'received'): number => results.reduce((total, result) => total + result[of], 0)
  return {
    'events/s': (sum('received') / durationMs) * 1000,
    lost: sum('sent') - sum('received'),
    'p50 ms': Math.max(...results.map(({ p50Ms }) => p50Ms)),
    'p99 ms': Math.max(...results.map(({ p99Ms }) => p99Ms)),
    'node CPU-s/100k': ((cpuSeconds(parts) - cpuBefore) / sum('received')) * 100_000,
  }
}

/** The clients of the first gateway resume at the others, all at once; the other clients stay. */
async function killOne(
  parts: readonly Part[],
  servers: Servers,
  each: number,
  epoch: string,
): Promise<Record<string, number>> {
  const [{ gateway: dying, load }, ...others] = parts as [Part, ...Part[]]
  await using loads = new AsyncDisposableStack()
  const returning = await Promise.all(others.map(async () => loads.use(await startWsLoad())))
  const share = Math.ceil(each / others.length)
  const connect = (countMax: number): Promise<Connected[]> =>
    Promise.all(
      others.map(({ gateway }, index) =>
        returning[index]!.connect({
          ...target,
          port: gateway.port,
          count: Math.min(countMax, share, each - index * share),
          firstUser: index * share,
          resume: { epoch, seq: 0 },
          // Those of the first ones are in use.
          firstAddress: 20,
          clientsPerAddress: 2_000,
        }),
      ),
    )
  // So that their processes have compiled their code.
  await connect(WARM_UP_CLIENTS)
  await Promise.all(returning.map((one) => one.disconnect()))
  dying.child.kill('SIGKILL')
  await load.disconnect()
  // Its machine, which ends its sockets, would be another one.
  await sleep(SETTLE_MS)
  const costOf = watchConnects(others, servers)
  const connected = await connect(share)
  return {
    'last one live s': Math.max(...connected.map(({ elapsedMs }) => elapsedMs)) / 1000,
    ...costOf(connected, each),
  }
}

/** What connects cost from now on, for each client; the machine's cores are shared by all of these. */
function watchConnects(parts: readonly Part[], servers: Servers) {
  const before = { node: cpuSeconds(parts), postgres: servers.postgresCpuSeconds(), redis: servers.redisCpuSeconds() }
  return (connected: readonly Connected[], count: number): Record<string, number> => {
    const each = (seconds: number): number => (seconds * 1000) / count
    return {
      'node CPU-ms/client': each(cpuSeconds(parts) - before.node),
      'postgres CPU-ms/client': each(servers.postgresCpuSeconds() - before.postgres),
      'redis CPU-ms/client': each(servers.redisCpuSeconds() - before.redis),
      'load CPU-ms/client': each(connected.reduce((sum, { cpuSeconds: seconds }) => sum + seconds, 0)),
      retries: connected.reduce((sum, { retries }) => sum + retries, 0),
    }
  }
}

const cpuSeconds = (parts: readonly Part[]): number => parts.reduce((sum, { gateway }) => sum + gateway.cpuSeconds(), 0)
