import { createLogger } from '@paxyo/service-kit'
import { loadReconcileConfig, reportLines, runReconcile } from 'webhook-ingest'
import type { Cli } from '../cli.ts'

/** @param args as `npm run reconcile` takes them. */
export async function reconcile(cli: Cli, args: readonly string[]): Promise<void> {
  const { request, logLevel, ...options } = loadReconcileConfig(cli.env, args)
  const report = await runReconcile({ ...options, log: createLogger('reconcile', logLevel) }, request)
  cli.print(report, () => reportLines(report).join('\n'))
  if (report.stoppedBy !== undefined) cli.finish('findings')
}
