import { createLogger } from '@paxyo/service-kit'
import type { Cli } from '../cli.ts'
import { loadReconcileConfig } from './reconcile-config.ts'
import { reportLines } from './report-lines.ts'
import { runReconcile } from './run-reconcile.ts'

/** @param args those of `npm run reconcile` */
export async function reconcile(cli: Cli, args: readonly string[]): Promise<void> {
  const { request, logLevel, ...options } = loadReconcileConfig(cli.env, args)
  const report = await runReconcile({ ...options, log: createLogger('reconcile', logLevel) }, request)
  cli.print(report, () => reportLines(report).join('\n'))
  if (report.stoppedBy !== undefined) cli.finish('violations')
}
