import { parseArgs } from 'node:util'
import { breakThings } from './break-things.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    orders: { type: 'string', default: '15000' },
    users: { type: 'string', default: '200' },
    concurrency: { type: 'string', default: '64' },
    minutes: { type: 'string', default: '20' },
    pause: { type: 'string', default: '3000' },
    only: { type: 'string', multiple: true },
  },
})

const report = await breakThings({
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
