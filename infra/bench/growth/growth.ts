import { readFileSync } from 'node:fs'
import { gatewayEnv, wsGateway } from '../fan-out/variants/ws-gateway.ts'
import { benchFanOut } from '../fan-out/fan-out.ts'
import { JWT_SECRET } from '../fan-out/variants/variant.ts'
import { benchIngest, OURS } from '../ingest/ingest.ts'
import { seedSql } from '../ingest/seed.ts'
import { measureDeliveries } from './deliveries.ts'
import { measureSnapshots } from './snapshots.ts'
import { startWsLoad, type WsLoad } from '../fan-out/ws-load.ts'
import { startService, type Service } from '../machine/service.ts'
import { startServers } from '../machine/servers.ts'
import type { Report, Sample } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'

export interface GrowthOptions {
  readonly rounds: number
  readonly roundMs: number
  readonly orders: readonly number[]
  readonly deliveries: readonly number[]
  readonly usersOnline: readonly number[]
  readonly gateways: readonly number[]
}

const EVENTS_PER_SECOND = 2_000
const CLIENTS_OF_ALL_GATEWAYS = 4_000
const OTHER_FILES = 500

/** Our services alone, at several sizes: which costs grow with the number of orders, of users online, of gateways? */
export async function benchGrowth(options: GrowthOptions): Promise<Report> {
  const { rounds, roundMs } = options
  const samples: Sample[] = []
  for (const orders of options.orders) {
    const { samples: found } = await benchIngest({
      rounds,
      roundMs,
      connections: [256],
      orders,
      users: usersOf(orders),
      only: [OURS],
      atHalf: false,
      nodeArgs: [],
      explain: false,
    })
    samples.push(...relabel(found, () => 'webhooks', `${orders} orders`))
    samples.push(...(await measureSnapshots(orders, rounds)))
  }
  samples.push(...(await measureDeliveries(options.deliveries, rounds, roundMs)))
  const openFilesMax = readOpenFilesMax()
  const [usersOnline, tooMany] = [
    options.usersOnline.filter((users) => users + OTHER_FILES <= openFilesMax),
    options.usersOnline.filter((users) => users + OTHER_FILES > openFilesMax),
  ]
  for (const connections of usersOnline) {
    const { samples: found } = await benchFanOut({
      rounds,
      roundMs,
      connections,
      rates: [EVENTS_PER_SECOND],
      idleConnections: connections,
      only: [wsGateway.name],
      nodeArgs: [],
    })
    samples.push(...relabel(found, (load) => load.replace(/^\d+ /, ''), `${connections} users online`))
  }
  for (const gateways of options.gateways) samples.push(...(await measureGateways(gateways, options)))
  const remarks = tooMany.map(
    (users) => `${users} users online: left out, because a process may open only ${openFilesMax} files.`,
  )
  return { name: 'growth', subject: 'none', samples, remarks }
}

const relabel = (samples: readonly Sample[], loadOf: (load: string) => string, variant: string): Sample[] =>
  samples.map(({ load, figures, noise }) => ({ load: loadOf(load), variant, figures, noise }))

/** How many files one of our processes may open; a socket counts as one. */
function readOpenFilesMax(): number {
  if (process.platform !== 'linux') return Infinity
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? Infinity)
}

const usersOf = (orders: number): number => Math.max(1_000, Math.min(20_000, orders / 10))

/** The same clients and the same events, over one gateway or several. */
async function measureGateways(count: number, { rounds, roundMs }: GrowthOptions): Promise<Sample[]> {
  await using servers = await startServers(seedSql(CLIENTS_OF_ALL_GATEWAYS, CLIENTS_OF_ALL_GATEWAYS))
  await using running = new AsyncDisposableStack()
  const env = gatewayEnv(await servers.copyDatabase('gateways'), servers.redisUrl)
  const parts: { service: Service; load: WsLoad }[] = []
  const clients = CLIENTS_OF_ALL_GATEWAYS / count
  for (let index = 0; index < count; index += 1) {
    const service = running.use(await startService(wsGateway.script, env))
    const load = running.use(await startWsLoad())
    const target = { variant: wsGateway.name, port: service.port, jwtSecret: JWT_SECRET }
    await load.connect({ ...target, count: clients, firstUser: index * clients })
    parts.push({ service, load })
  }
  const cpuSeconds = (): number => parts.reduce((sum, { service }) => sum + service.cpuSeconds(), 0)
  const variants = [{ name: `${count} ${count === 1 ? 'gateway' : 'gateways'}` }]
  // Awaited here, because the servers end with this function.
  return await takeTurns(`${EVENTS_PER_SECOND} events a second in all`, variants, rounds, async () => {
    const [cpuBefore, redisBefore] = [cpuSeconds(), servers.redisCpuSeconds()]
    const results = await Promise.all(
      parts.map(({ load }) =>
        load.publish({
          variant: wsGateway.name,
          redisUrl: servers.redisUrl,
          durationMs: roundMs,
          ratePerSecond: EVENTS_PER_SECOND / count,
          inFlightMax: 0,
        }),
      ),
    )
    const received = results.reduce((sum, result) => sum + result.received, 0)
    const sent = results.reduce((sum, result) => sum + result.sent, 0)
    return {
      'node CPU-s/100k': ((cpuSeconds() - cpuBefore) / received) * 100_000,
      'redis CPU-s/100k': ((servers.redisCpuSeconds() - redisBefore) / received) * 100_000,
      'worst p99 ms': Math.max(...results.map(({ p99Ms }) => p99Ms)),
      lost: sent - received,
    }
  })
}
