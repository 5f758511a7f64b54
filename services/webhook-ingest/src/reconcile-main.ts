import { createLogger, ConfigError } from '@paxyo/service-kit'
import { loadReconcileConfig } from '../../../packages/cli/src/reconcile/reconcile-config.ts'
import { reportLines } from '../../../packages/cli/src/reconcile/report-lines.ts'
import { runReconcile } from '../../../packages/cli/src/reconcile/run-reconcile.ts'

try {
  const { request, logLevel, ...options } = loadReconcileConfig(process.env, process.argv.slice(2))
  const report = await runReconcile({ ...options, log: createLogger('reconcile', logLevel) }, request)
  process.stdout.write(`${reportLines(report).join('\n')}\n`)
  process.exitCode = report.stoppedBy === undefined ? 0 : 1
} catch (error) {
  const known = error instanceof ConfigError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true
  process.stderr.write(`${known ? (error as Error).message : String((error as Error).stack)}\n`)
  process.exitCode = 1
}
