/**
 * Breaks one part after the other on this machine, and checks that the alert arrives at the receiver of its severity, that
 * what its entry in the runbook says repairs it, and that its end arrives, too: `npm run game-day`. The alerts are those of
 * infra/deploy/observability with shorter times, in a real Prometheus and Alertmanager.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startArena } from './arena.ts'
import { installCertificate, writeBackup } from './machine-files.ts'
import { startMonitoring } from './monitoring.ts'
import { createPlayer } from './play.ts'
import { renderReport, type Outcome, type Report } from './report.ts'
import { entriesOf } from './runbook.ts'
import { SCENARIOS } from './scenarios/index.ts'
import { startTraffic } from './traffic.ts'

const USAGE = `Usage: npm run game-day -- [options]

  --factor <n>     by which the times of the alerts are shorter (60)
  --only <alert>   only this alert; may be repeated
  --part <i/n>     only one of n parts, such as 1/2
  --minutes <n>    after which no other part is broken (50)
  --report <file>  where to write the report
  --timeout <s>    how long an alert may take to fire, and to end (180)
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    factor: { type: 'string', default: '60' },
    only: { type: 'string', multiple: true },
    part: { type: 'string', default: '1/1' },
    minutes: { type: 'string', default: '50' },
    report: { type: 'string' },
    timeout: { type: 'string', default: '180' },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}
/** Prometheus repeats an alert after a minute; the first one may be earlier than its connection to Alertmanager. */
const START_TIMEOUT_MS = 180_000
const endsAtMs = Date.now() + Number(values.minutes) * 60_000
const factor = Number(values.factor)
const timeoutMs = Number(values.timeout) * 1000
const [part, parts] = values.part.split('/').map(Number) as [number, number]
const chosen = SCENARIOS.filter(({ alert }) => values.only === undefined || values.only.includes(alert)).filter(
  (_scenario, index) => index % parts === part - 1,
)
if (chosen.length === 0) throw new Error('there is no such scenario')
const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`)

const dir = mkdtempSync(join(tmpdir(), 'paxyo-game-day-'))
const files = { certificate: join(dir, 'site.pem'), backups: join(dir, 'backups'), walArchive: join(dir, 'wal') }
// Services start in a third of the time, as in production from an image.
const bundles = join(dir, 'bundles')
process.env['PAXYO_TEST_RUN_FOLDER'] ??= bundles
process.env['NODE_COMPILE_CACHE'] ??= join(dir, 'compiled')
const outcomes: Outcome[] = []
let left = 0
let watchdog: Report['watchdog'] = { count: 0, longestGapMs: 0 }
try {
  await using resources = new AsyncDisposableStack()
  for (const folder of [files.backups, files.walArchive, bundles]) mkdirSync(folder)
  writeBackup(files.backups)
  installCertificate(files.certificate, 30)
  const arena = await startArena({ dir, files }, resources)
  const portsOf = (members: readonly { metricsPort: number }[]): number[] => members.map((one) => one.metricsPort)
  const targets = {
    'webhook-ingest': portsOf(arena.ingests),
    'ws-gateway': portsOf(arena.gateways),
    exporter: portsOf([arena.exporter]),
  }
  const monitoring = await startMonitoring({ dir, factor, targets }, resources)
  resources.use(startTraffic(arena))
  await monitoring.fires('PaxyoWatchdog', START_TIMEOUT_MS)
  const runbook = entriesOf(readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8'))

  const play = createPlayer({ arena, monitoring, runbook, timeoutMs, log })
  for (const scenario of chosen) if (Date.now() < endsAtMs) outcomes.push(await play(scenario))
  left = chosen.length - outcomes.length
  watchdog = monitoring.watchdog
} finally {
  rmSync(dir, { recursive: true, force: true })
}
const report = renderReport({ outcomes, left, watchdog, factor, at: new Date() })
process.stdout.write(`\n${report}`)
if (values.report !== undefined) writeFileSync(values.report, report)
process.exit(outcomes.every(({ problem }) => problem === undefined) ? 0 : 1)
