import { Kysely, PostgresDialect } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import pg from 'pg'
import { maintainEventPartitions } from './event-partitions.ts'
import * as tables from './migrations/0001-tables.ts'
import * as roles from './migrations/0002-roles.ts'
import * as openOrders from './migrations/0006-open-orders.ts'

/** In order of their names. A migration that has been released is never edited. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-tables': tables,
  '0002-roles': roles,
  '0006-open-orders': openOrders,
}

/**
 * Brings a database up to date, as its owner: schema, roles, and the event partitions of the days to come.
 * Migrations run one at a time even when several processes ask for them at once.
 *
 * @returns the names of the migrations that were run.
 */
export async function migrateToLatest(ownerUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2, application_name: 'paxyo-migrate' })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } })
    const { error, results } = await migrator.migrateToLatest()
    if (error !== undefined) throw error
    await maintainEventPartitions(pool, new Date())
    return (results ?? []).map(({ migrationName }) => migrationName)
  } finally {
    await db.destroy()
  }
}
