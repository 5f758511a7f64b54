/**
 * Looks the dependencies of `pnpm-lock.yaml` up among the known vulnerabilities: `npm run audit`. Nothing is installed.
 *
 * It fails for a vulnerability of the level `high` or `critical`, and lists the others. The list of vulnerabilities is the
 * registry's. When that does not respond, nothing is known: it says so, and does not fail, because a change is not worse for
 * it. `--require` makes that a failure, too; the release does that.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { PNPM } from './pnpm.ts'
import { readAudit } from './read-audit.ts'

const TIMEOUT_MS = 120_000

const { stdout, stderr } = spawnSync('npx', ['--yes', PNPM, 'audit', '--prod', '--json'], {
  cwd: fileURLToPath(new URL('../../..', import.meta.url)),
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
})
const result = readAudit(stdout)
if (result === undefined) {
  console.warn(`not audited: the registry did not list the vulnerabilities\n${stderr || stdout}`)
  process.exitCode = process.argv.includes('--require') ? 1 : 0
} else {
  for (const advisory of [...result.severe, ...result.others]) console.log(advisory)
  console.log(`${result.severe.length} high or critical, ${result.others.length} others`)
  process.exitCode = result.severe.length > 0 ? 1 : 0
}
