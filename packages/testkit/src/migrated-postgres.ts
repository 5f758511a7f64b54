import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { copyOncePerRun } from './once-per-run.ts'

/** Of the superuser. */
export const MIGRATED_PASSWORD = 'test'

/**
 * Creates the data of a separate PostgreSQL, whose database `postgres` is migrated. In a run of the tests it is a copy: creating
 * and migrating takes ten times as long.
 *
 * @param dataDir a folder that does not exist.
 */
export const createMigratedData = (dataDir: string): Promise<void> =>
  copyOncePerRun('postgres', migrateNewData, dataDir)

async function migrateNewData(dataDir: string): Promise<void> {
  const server = await startLocalPostgres({ dataDir, password: MIGRATED_PASSWORD, settings: { fsync: 'off' } })
  try {
    await migrateToLatest(server.url)
  } finally {
    await server.stop()
  }
}
