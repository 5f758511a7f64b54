import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ENGINE_NAMES, type EngineName } from './engines.ts'
import { soak } from './soak.ts'

const USAGE = `Usage: npm run soak -- [options]

  --minutes <n>    how long faults are injected (60)
  --engine <name>  chromium, firefox or webkit; may be repeated (all)
  --interval <ms>  the mean time between two webhooks (1000)
  --pause <ms>     the longest pause between two faults (8000)
  --seed <n>       replay the workload and the choice of faults
  --report <file>  where to write the report
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    minutes: { type: 'string', default: '60' },
    engine: { type: 'string', multiple: true, default: [...ENGINE_NAMES] },
    interval: { type: 'string', default: '1000' },
    pause: { type: 'string', default: '8000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    report: { type: 'string' },
  },
})

if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}

const report = await soak({
  seed: Number(values.seed),
  durationMs: Number(values.minutes) * 60_000,
  engines: values.engine as EngineName[],
  webhookIntervalMs: Number(values.interval),
  pauseMsMax: Number(values.pause),
  log: (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`),
})
const text = `${JSON.stringify(report, null, 2)}\n`
process.stdout.write(text)
if (values.report !== undefined) writeFileSync(values.report, text)
process.exit(report.violations.length === 0 ? 0 : 1)
