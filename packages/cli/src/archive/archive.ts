import type { ArchivedDelivery, ArchiveStore } from '@paxyo/database'
import type { Pool } from 'pg'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { settings } from '../settings.ts'

const SETTINGS = ['DATABASE_URL', 'DELIVERY_RETENTION_DAYS'] as const

/** `paxyo archive` */
export async function writeArchive(cli: Cli): Promise<void> {
  const { archiveDeliveries } = await import('@paxyo/database')
  const files = await withArchive(cli, (pool, store, days) => archiveDeliveries(pool, store, new Date(), days))
  if (files === undefined) {
    throw new Failure('unreachable', 'another process archives deliveries', 'Retry when it has ended.')
  }
  cli.print({ files }, () => (files.length === 0 ? 'No day is older than its retention.' : files.join('\n')))
}

/** `paxyo archive show` */
export async function showArchived(cli: Cli, order: string): Promise<void> {
  const { readArchivedDeliveries } = await import('@paxyo/database')
  const result = await withArchive(cli, (pool, store) => readArchivedDeliveries(pool, store, order))
  const { deliveries, unfinished } = result
  cli.print(result, () =>
    [
      ...(deliveries.length === 0 ? ['The archive has no delivery of this order.'] : deliveries.map(lineOf)),
      ...unfinished.map((file) => `${file} was not read: it has no checksum, because its writing did not end.`),
    ].join('\n'),
  )
}

/** Does work with the archive and the database, as the owner. */
async function withArchive<T>(
  cli: Cli,
  work: (pool: Pool, store: ArchiveStore, retentionDays: number) => Promise<T>,
): Promise<T> {
  const { ARCHIVE_VARIABLES, archiveProblems } = await import('../archive-config.ts')
  const config = await settings(cli.env, [...SETTINGS, ...ARCHIVE_VARIABLES], archiveProblems)
  const { openArchive } = await import('./open-archive.ts')
  using store = await openArchive(config)
  if (store === undefined) {
    throw new Failure(
      'usage',
      'no archive is configured',
      'Set ARCHIVE_DIR to a folder, or ARCHIVE_S3_BUCKET to a bucket.',
    )
  }
  const { connectionConfig } = await import('@paxyo/database')
  const { default: pg } = await import('pg')
  const { explainDatabaseError } = await import('../explain-database-error.ts')
  const { explainArchiveError } = await import('./explain-archive-error.ts')
  const pool = new pg.Pool({ ...connectionConfig(config.DATABASE_URL), max: 2, application_name: 'paxyo-archive' })
  pool.on('error', () => undefined)
  try {
    return await work(pool, store, config.DELIVERY_RETENTION_DAYS)
  } catch (error) {
    throw explainDatabaseError(explainArchiveError(error, config), config.DATABASE_URL)
  } finally {
    await pool.end()
  }
}

const lineOf = (one: ArchivedDelivery): string =>
  [one.received_at, one.delivery_id, one.reason ?? one.outcome, bodyOf(one)].join('  ')

const bodyOf = ({ body, is_erased: isErased }: ArchivedDelivery): string =>
  body ?? (isErased ? 'the user was erased' : 'body not kept')
