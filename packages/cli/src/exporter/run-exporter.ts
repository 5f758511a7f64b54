import { createLogger, createMetrics, serveMetrics } from '@paxyo/service-kit'
import { once } from 'node:events'
import { settings } from '../settings.ts'
import type { Cli } from '../cli.ts'
import { createMeasurements } from './measurements.ts'
import { readDatabaseSize } from './read-database-size.ts'

/** Serves the metrics until a signal. */
export async function runExporter(cli: Cli): Promise<void> {
  const { DATABASE_URL: url } =
    cli.env['DATABASE_URL'] || cli.env['DATABASE_URL_FILE']
      ? await settings(cli.env, ['DATABASE_URL'])
      : { DATABASE_URL: undefined }
  const config = await settings(cli.env, ['CERTIFICATES', 'BACKUP_DIR', 'DISKS', 'HOST', 'METRICS_PORT'])
  await using resources = new AsyncDisposableStack()
  const log = createLogger('exporter', 'info')
  const registry = createMetrics('exporter')
  createMeasurements({
    certificates: config.CERTIFICATES,
    backupDir: config.BACKUP_DIR,
    disks: config.DISKS,
    readDatabaseSize: url === undefined ? undefined : () => readDatabaseSize(url),
    onError: (err, name) => log.warn({ err, name }, 'not measured'),
  }).register(registry)
  resources.use(await serveMetrics({ registry, host: config.HOST, port: config.METRICS_PORT, log }))
  if (!cli.signal.aborted) await once(cli.signal, 'abort')
}
