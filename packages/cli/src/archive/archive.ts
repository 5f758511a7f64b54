import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { settings } from '../settings.ts'

/** `paxyo archive` */
export async function writeArchive(cli: Cli): Promise<void> {
  const {
    DATABASE_URL: url,
    ARCHIVE_DIR: folder,
    DELIVERY_RETENTION_DAYS: days,
  } = await settings(cli.env, ['DATABASE_URL', 'ARCHIVE_DIR', 'DELIVERY_RETENTION_DAYS'])
  if (folder === undefined) throw new Failure('usage', 'ARCHIVE_DIR: missing', 'Set it to the folder of the archive.')
  const { archiveDeliveries, connectionConfig } = await import('@paxyo/database')
  const { default: pg } = await import('pg')
  const { explainDatabaseError } = await import('../explain-database-error.ts')
  const pool = new pg.Pool({ ...connectionConfig(url), max: 1, application_name: 'paxyo-archive' })
  pool.on('error', () => undefined)
  try {
    const files = await archiveDeliveries(pool, folder, new Date(), days)
    cli.print({ files }, () => (files.length === 0 ? 'No day is older than its retention.' : files.join('\n')))
  } catch (error) {
    throw explainDatabaseError(error, url)
  } finally {
    await pool.end()
  }
}

/** `paxyo archive show` */
export async function showArchived(cli: Cli, order: string): Promise<void> {
  const { ARCHIVE_DIR: folder } = await settings(cli.env, ['ARCHIVE_DIR'])
  if (folder === undefined) throw new Failure('usage', 'ARCHIVE_DIR: missing', 'Set it to the folder of the archive.')
  const { readArchivedDeliveries } = await import('@paxyo/database')
  const deliveries = await readArchivedDeliveries(folder, order)
  cli.print({ deliveries }, () =>
    deliveries.length === 0
      ? 'The archive has no delivery of this order.'
      : deliveries
          .map((one) => [one.received_at, one.delivery_id, one.reason ?? one.outcome, one.body].join('  '))
          .join('\n'),
  )
}
