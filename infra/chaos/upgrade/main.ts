import { checkOut, MIGRATED_BY_VARIABLE, ROOT } from '@paxyo/testkit'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { parseArgs } from 'node:util'
import { injectFaults } from '../inject-faults.ts'
import { toMarkdown } from '../report.ts'
import { upgradeSystem } from './upgrade-system.ts'

const USAGE = `Usage: npm run upgrade-test -- [options]

Tests this version with the one before: the end-to-end tests of each on a database that both have migrated, and upgrades and
roll-backs under load while servers fail. Needs git and the repository's history.

  --from <commit>    the version before (the newest release before this one, or the commit before the newest migration)
  --minutes <n>      maximum duration of the upgrades under load (5)
  --seed <n>         replay the workload and the choice of faults
  --report <file>    write the report of the upgrades under load, as .json or .md; may be repeated
`

/** Processes of the services, and the CLI, on databases that the tests' setup has migrated. */
const END_TO_END_TESTS = [
  'infra/e2e/(end-to-end|bank|drain)',
  'services/(webhook-ingest|ws-gateway)/test/.*e2e',
  'packages/panel-client/test/.*e2e',
  'packages/cli/test/commands/.*e2e',
]

/** What only holds where the database is of the same version. */
const SAME_VERSION_TESTS = ['migrate and maintain say what they did', 'version compares itself with the database']

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    from: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    report: { type: 'string', multiple: true, default: [] },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit()
}

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`)

/** Runs the end-to-end tests of one version on databases that both versions have migrated. */
async function passesTests(
  folder: string,
  folders: readonly string[],
  leftOut: readonly string[] = [],
): Promise<boolean> {
  // In CI a test that is left out would count as failed.
  const env = { ...process.env, [MIGRATED_BY_VARIABLE]: folders.join(delimiter), CI: 'false' }
  const names = leftOut.length === 0 ? [] : [`--testNamePattern=^(?!.*(?:${leftOut.join('|')})$)`]
  const child = spawn('npm', ['test', '--', ...names, ...END_TO_END_TESTS], { cwd: folder, env, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code === 0
}

await using before = await checkOut(values.from)
const folders = [before.folder, ROOT]
log(`the end-to-end tests of ${before.commit}, on a database that this version has migrated`)
const isBeforeRight = await passesTests(before.folder, folders, SAME_VERSION_TESTS)
log(`the end-to-end tests of this version, on a database of ${before.commit} that this version has migrated`)
const isThisRight = await passesTests(ROOT, folders)
log(`upgrades from ${before.commit} and roll-backs under load`)
const report = await injectFaults(upgradeSystem(before.folder), {
  seed: Number(values.seed),
  orders: 15_000,
  users: 200,
  concurrency: 64,
  durationMsMax: Number(values.minutes) * 60_000,
  pauseMsMax: 3_000,
  log,
})
const json = `${JSON.stringify(report, null, 2)}\n`
process.stdout.write(json)
for (const file of values.report) writeFileSync(file, file.endsWith('.md') ? toMarkdown(report) : json)
log(`end-to-end tests of ${before.commit}: ${isBeforeRight ? 'passed' : 'failed'}`)
log(`end-to-end tests of this version: ${isThisRight ? 'passed' : 'failed'}`)
log(`upgrades under load: ${report.violations.length} violations`)
process.exitCode = isBeforeRight && isThisRight && report.violations.length === 0 ? 0 : 1
