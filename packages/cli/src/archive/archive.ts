import type { ArchivedDelivery } from '@paxyo/database'
import type { Pool } from 'pg'
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
  const { archiveDeliveries } = await import('@paxyo/database')
  const files = await withOwnerPool(url, (pool) => archiveDeliveries(pool, folder, new Date(), days))
  cli.print({ files }, () => (files.length === 0 ? 'No day is older than its retention.' : files.join('\n')))
}

async function withOwnerPool<T>(url: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const { connectionConfig } = await import('@paxyo/database')
  const { default: pg } = await import('pg')
  const { explainDatabaseError } = await import('../explain-database-error.ts')
  const pool = new pg.Pool({ ...connectionConfig(url), max: 1, application_name: 'paxyo-archive' })
  pool.on('error', () => undefined)
  try {
    return await work(pool)
  } catch (error) {
    throw explainDatabaseError(error, url)
  } finally {
    await pool.end()
  }
}

/** `paxyo archive show` */
export async function showArchived(cli: Cli, order: string): Promise<void> {
  const { ARCHIVE_DIR: folder, DATABASE_URL: url } = await settings(cli.env, ['ARCHIVE_DIR', 'DATABASE_URL'])
  if (folder === undefined) throw new Failure('usage', 'ARCHIVE_DIR: missing', 'Set it to the folder of the archive.')
  const { readArchivedDeliveries } = await import('@paxyo/database')
  const deliveries = await withOwnerPool(url, (pool) => readArchivedDeliveries(pool, folder, order))
  cli.print({ deliveries }, () =>
    deliveries.length === 0
      ? 'The archive has no delivery of this order.'
      : deliveries
          .map((one) => [one.received_at, one.delivery_id, one.reason ?? one.outcome, bodyOf(one)].join('  '))
          .join('\n'),
  )
}

const bodyOf = ({ body, is_erased: isErased }: ArchivedDelivery): string =>
  body ?? (isErased ? 'the user was erased' : 'body not kept')
