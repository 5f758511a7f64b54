import { parseArgs } from 'node:util'
import { injectFaults } from './inject-faults.ts'

const USAGE = `Usage: npm run chaos -- [options]

  --minutes <n>      maximum duration (20)
  --orders <n>       number of orders (15000)
  --users <n>        number of users (200)
  --concurrency <n>  orders in progress at the same time (64)
  --pause <ms>       longest pause between two faults (3000)
  --only <fault>     inject only this fault; may be repeated
  --seed <n>         replay the workload and the choice of faults
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    orders: { type: 'string', default: '15000' },
    users: { type: 'string', default: '200' },
    concurrency: { type: 'string', default: '64' },
    minutes: { type: 'string', default: '20' },
    pause: { type: 'string', default: '3000' },
    only: { type: 'string', multiple: true },
  },
})

if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}

const report = await injectFaults({
  seed: Number(values.seed),
  orders: Number(values.orders),
  users: Number(values.users),
  concurrency: Number(values.concurrency),
  durationMsMax: Number(values.minutes) * 60_000,
  pauseMsMax: Number(values.pause),
  ...(values.only === undefined ? {} : { only: values.only }),
  log: (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`),
})
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
process.exit(report.violations.length === 0 ? 0 : 1)
