import { fileURLToPath } from 'node:url'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { benchConsolePage } from './console-page/console-page.ts'
import { benchEndToEnd } from './end-to-end/end-to-end.ts'
import { benchFanOut } from './fan-out/fan-out.ts'
import { benchFleet } from './fleet/fleet.ts'
import { benchGrowth } from './growth/growth.ts'
import { regressionGate } from './regression-gate/regression-gate.ts'
import { benchIngest } from './ingest/ingest.ts'
import { benchReconnectStorm } from './reconnect-storm/reconnect-storm.ts'
import { benchRedisFailover } from './redis-failover/redis-failover.ts'
import { benchMigration } from './migration/migration.ts'
import { benchStorage } from './storage/storage.ts'
import { toTables, writeReport } from './report/report.ts'
import type { Report } from './report/samples.ts'

const OPTIONS = {
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '5' },
  /** Seconds before the ingest and the end-to-end benchmarks measure. */
  'warm-up': { type: 'string', default: '5' },
  settle: { type: 'string', default: '1.5' },
  connections: { type: 'string', default: '64,256' },
  clients: { type: 'string', default: '5000' },
  rates: { type: 'string', default: '1000,5000,20000' },
  behind: { type: 'string', default: '20' },
  'webhook-rates': { type: 'string', default: '50,500,2000,5000' },
  idle: { type: 'string', default: '10000' },
  orders: { type: 'string', default: '200000' },
  users: { type: 'string', default: '20000' },
  only: { type: 'string', multiple: true, default: [] },
  'no-half': { type: 'boolean', default: false },
  explain: { type: 'boolean', default: false },
  'compare-with': { type: 'string', multiple: true, default: [] },
  'grow-orders': { type: 'string', default: '10000,100000,1000000' },
  'grow-deliveries': { type: 'string', default: '100000,10000000' },
  'grow-users': { type: 'string', default: '1000,5000,15000,50000' },
  'grow-gateways': { type: 'string', default: '1,2,4' },
  'fleet-gateways': { type: 'string', default: '4' },
  'fleet-clients': { type: 'string', default: '60000' },
  'fleet-rate': { type: 'string', default: '2000' },
  /** How many webhooks the storage benchmark stores. */
  webhooks: { type: 'string', default: '300000' },
  /** Of the migration benchmark. */
  from: { type: 'string' },
  'migrated-orders': { type: 'string', default: '2000000' },
  'migrated-deliveries': { type: 'string', default: '4000000' },
  'longest-ms-max': { type: 'string', default: 'Infinity' },
  'failover-rate': { type: 'string', default: '2000' },
  'failover-seconds': { type: 'string', default: '30' },
  'page-orders': { type: 'string', default: '100000' },
  'page-rate': { type: 'string', default: '2000' },
  /** The folder for JSON, Markdown and plots. */
  results: { type: 'string', default: fileURLToPath(new URL('results/', import.meta.url)) },
  'node-arg': { type: 'string', multiple: true, default: [] },
} satisfies ParseArgsOptionsConfig

type Values = ReturnType<typeof parse>['values']

/** The arguments name a benchmark or an option that there is not. */
export class UsageError extends Error {}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}
const numbers = (text: string): number[] => (text === '' ? [] : text.split(',').map(Number))

const BENCHES: Readonly<Record<string, (values: Values) => Promise<Report>>> = {
  ingest: (values) =>
    benchIngest({
      rounds: Number(values.rounds),
      roundMs: Number(values.seconds) * 1000,
      warmUpMs: Number(values['warm-up']) * 1000,
      connections: numbers(values.connections),
      orders: Number(values.orders),
      users: Number(values.users),
      only: values.only,
      atHalf: !values['no-half'],
      nodeArgs: values['node-arg'],
      explain: values.explain,
      compareWith: values['compare-with'],
    }),
  'fan-out': (values) =>
    benchFanOut({
      rounds: Number(values.rounds),
      roundMs: Number(values.seconds) * 1000,
      connections: Number(values.clients),
      rates: numbers(values.rates),
      idleConnections: Number(values.idle),
      only: values.only,
      nodeArgs: values['node-arg'],
      settleMs: Number(values.settle) * 1000,
    }),
  'reconnect-storm': (values) =>
    benchReconnectStorm({
      rounds: Number(values.rounds),
      clients: Number(values.idle),
      behind: Number(values.behind),
      nodeArgs: values['node-arg'],
    }),
  'end-to-end': (values) =>
    benchEndToEnd({
      rounds: Number(values.rounds),
      roundMs: Number(values.seconds) * 1000,
      warmUpMs: Number(values['warm-up']) * 1000,
      clients: Number(values.clients),
      rates: numbers(values['webhook-rates']),
    }),
  'redis-failover': (values) =>
    benchRedisFailover({
      clients: Number(values.clients),
      rate: Number(values['failover-rate']),
      durationMs: Number(values['failover-seconds']) * 1000,
      only: values.only,
    }),
  growth: (values) =>
    benchGrowth({
      rounds: Number(values.rounds),
      roundMs: Number(values.seconds) * 1000,
      orders: numbers(values['grow-orders']),
      deliveries: numbers(values['grow-deliveries']),
      usersOnline: numbers(values['grow-users']),
      gateways: numbers(values['grow-gateways']),
    }),
  fleet: (values) =>
    benchFleet({
      roundMs: Number(values.seconds) * 1000,
      gateways: Number(values['fleet-gateways']),
      clients: Number(values['fleet-clients']),
      eventsPerSecond: Number(values['fleet-rate']),
    }),
  'console-page': (values) =>
    benchConsolePage({
      rounds: Number(values.rounds),
      roundMs: Number(values.seconds) * 1000,
      orders: Number(values['page-orders']),
      rate: Number(values['page-rate']),
    }),
  storage: (values) =>
    benchStorage({
      webhooks: Number(values.webhooks),
      orders: Number(values.orders),
      users: Number(values.users),
    }),
  async migration(values) {
    const { report, problems } = await benchMigration({
      from: values.from,
      orders: Number(values['migrated-orders']),
      users: Number(values.users),
      deliveries: Number(values['migrated-deliveries']),
      webhooksPerSecond: 200,
      longestMsMax: Number(values['longest-ms-max']),
    })
    if (problems.length > 0) process.exitCode = 1
    return { ...report, remarks: [...report.remarks, ...problems] }
  },
  async 'regression-gate'() {
    const { regressions, report } = await regressionGate()
    if (regressions.length > 0) process.exitCode = 1
    return { ...report, remarks: [...report.remarks, ...regressions] }
  },
}

/**
 * Runs the benchmarks that the arguments name, all by default, and writes their reports.
 *
 * @throws UsageError when one is unknown, before any of them begins.
 */
export async function runBenches(args: readonly string[], print: (text: string) => void): Promise<void> {
  const { values, positionals } = parse(args)
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name))
  if (unknown.length > 0) {
    throw new UsageError(`unknown benchmark: ${unknown.join(', ')}\navailable: ${Object.keys(BENCHES).join(', ')}`)
  }
  for (const [name, bench] of Object.entries(BENCHES)) {
    // The regression gate repeats a part of the other benchmarks.
    if (positionals.length > 0 ? !positionals.includes(name) : name === 'regression-gate') continue
    const report = await bench(values)
    writeReport(report, values.results)
    print(`${toTables(report)}\n`)
  }
}
