import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { HA_SYSTEM } from './ha/ha-system.ts'
import { injectFaults, SINGLE_SYSTEM, type ChaosOptions } from './inject-faults.ts'
import { toMarkdown } from './report.ts'

const USAGE = `Usage: npm run chaos -- [options]

  --ha               three PostgreSQL under Patroni and etcd, three Redis under Sentinel; on Debian, missing programs are
                     installed from its packages
  --minutes <n>      maximum duration (20)
  --orders <n>       number of orders (15000)
  --webhooks <n>     end after so many acknowledged webhooks
  --faults <n>       end after so many faults
  --users <n>        number of users (200)
  --concurrency <n>  orders in progress at the same time (64; with --ha 600)
  --rate <n>         new orders in each second (unlimited; with --ha 8); an order has about ten webhooks
  --pause <ms>       longest pause between two faults (3000)
  --gap-max <s>      exit with 1 when no webhook got a 200 for longer
  --only <fault>     inject only this fault; may be repeated
  --seed <n>         replay the workload and the choice of faults
  --report <file>    write the report, as .json or .md; may be repeated
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    ha: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    orders: { type: 'string', default: '15000' },
    webhooks: { type: 'string' },
    faults: { type: 'string' },
    users: { type: 'string', default: '200' },
    concurrency: { type: 'string' },
    rate: { type: 'string' },
    minutes: { type: 'string', default: '20' },
    pause: { type: 'string', default: '3000' },
    'gap-max': { type: 'string', default: 'Infinity' },
    only: { type: 'string', multiple: true },
    report: { type: 'string', multiple: true, default: [] },
  },
})

if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}

// Ends the run early, with its report and without processes left behind.
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

const ordersPerSecond = values.rate ?? (values.ha ? '8' : undefined)
const options: ChaosOptions = {
  seed: Number(values.seed),
  orders: Number(values.orders),
  users: Number(values.users),
  // Orders that start at a fixed rate pile up while PostgreSQL is away.
  concurrency: Number(values.concurrency ?? (values.ha ? 600 : 64)),
  durationMsMax: Number(values.minutes) * 60_000,
  pauseMsMax: Number(values.pause),
  ...(values.webhooks === undefined ? {} : { webhooksMax: Number(values.webhooks) }),
  ...(values.faults === undefined ? {} : { faultsMax: Number(values.faults) }),
  ...(ordersPerSecond === undefined ? {} : { ordersPerSecond: Number(ordersPerSecond) }),
  ...(values.only === undefined ? {} : { only: values.only }),
  signal: stopping.signal,
  log: (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`),
}
const report = await (values.ha ? injectFaults(HA_SYSTEM, options) : injectFaults(SINGLE_SYSTEM, options))
const json = `${JSON.stringify(report, null, 2)}\n`
process.stdout.write(json)
for (const file of values.report) writeFileSync(file, file.endsWith('.md') ? toMarkdown(report) : json)
const isGapTooLong = report.longestGapMs > Number(values['gap-max']) * 1_000
if (isGapTooLong) process.stderr.write(`no webhook got a 200 for ${(report.longestGapMs / 1_000).toFixed(1)} s\n`)
process.exit(report.violations.length === 0 && !isGapTooLong ? 0 : 1)
