/**
 * Guarantees: services of the version before go on while migrations run. A statement of theirs waits for a migration at most
 * as long as the migration may wait for its locks, and then for its short transaction.
 *
 * How: each migration is a separate transaction, so that it holds no locks while it waits for those of the next one. While
 * a migration waits for a lock, everything that needs the same table queues behind it; therefore it gives up after two
 * seconds, lets the others pass, and retries. No service uses a new database: there, one transaction is faster.
 */

import { sql, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRetryable } from './database-errors.ts'

const LOCK_TIMEOUT = '2s'
/** About four minutes. */
const ATTEMPTS_MAX = 13
const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 30_000

const FIND_LOCKS = sql<{ holder: string }>`
  SELECT format('process %s (%s) has locked %s', pid, coalesce(nullif(application_name, ''), usename),
    array_to_string((array_agg(DISTINCT relname::text))[1:5], ', ')) AS holder
  FROM pg_locks JOIN pg_class ON pg_class.oid = relation JOIN pg_stat_activity USING (pid)
  WHERE locktype = 'relation' AND granted AND pid <> pg_backend_pid() AND datname = current_database()
    AND relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
  GROUP BY pid, application_name, usename ORDER BY min(xact_start) LIMIT 5`

/** A migration did not get its locks. Nothing of it was applied. */
export class MigrationLockedError extends Error {
  override readonly name = 'MigrationLockedError'
  readonly code = '55P03'
}

/** Applies the pending migrations, one after the other, also when several processes do so. @returns their names. */
export async function applyMigrations(
  db: Kysely<unknown>,
  migrations: Readonly<Record<string, Migration>>,
  attemptsMax = ATTEMPTS_MAX,
): Promise<string[]> {
  const limited = Object.fromEntries(Object.entries(migrations).map(([name, one]) => [name, limitWaiting(one)]))
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(limited) } })
  const isNew = await isNewDatabase(db)
  if (!isNew) await rejectUnknownPredecessor(db, Object.keys(migrations))
  const applied: string[] = []
  for (let attempt = 1; ;) {
    const { error, results = [] } = isNew ? await migrator.migrateToLatest() : await migrator.migrateUp()
    if (error === undefined) {
      applied.push(...results.map(({ migrationName }) => migrationName))
      if (isNew || results.length === 0) return applied
      attempt = 1
    } else {
      if (!isRetryable(error)) throw error
      if (attempt >= attemptsMax) throw await explainLocks(db, results[0]?.migrationName, error)
      await sleep(Math.min(PAUSE_MS_MIN * 2 ** (attempt - 1), PAUSE_MS_MAX))
      attempt += 1
    }
  }
}

async function isNewDatabase(db: Kysely<unknown>): Promise<boolean> {
  const { rows } = await sql<{ isNew: boolean }>`SELECT to_regclass('kysely_migration') IS NULL AS "isNew"`.execute(db)
  return rows[0]!.isNew
}

/** A migration that is gone, and older than all there are: the database was never one of a release. */
async function rejectUnknownPredecessor(db: Kysely<unknown>, names: readonly string[]): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM kysely_migration WHERE name < ${names.toSorted()[0] ?? ''} ORDER BY name LIMIT 1`.execute(db)
  if (rows[0] === undefined) return
  throw new Error(
    `The database has the migration ${rows[0].name}, which is from before the first release and cannot be upgraded. Nothing was changed. Create a new database, set DATABASE_URL to it, and run the migration again; or go on with the version that created this one.`,
  )
}

const limitWaiting = (migration: Migration): Migration => ({
  async up(db) {
    // Only of this transaction: waiting for another process that migrates has no limit, and blocks no service.
    await sql`SET LOCAL lock_timeout = ${sql.lit(LOCK_TIMEOUT)}`.execute(db)
    await migration.up(db)
  },
})

async function explainLocks(db: Kysely<unknown>, name = 'unknown', cause: unknown): Promise<MigrationLockedError> {
  const { rows } = await FIND_LOCKS.execute(db)
  const holders = rows.length === 0 ? '' : ` (${rows.map(({ holder }) => holder).join('; ')})`
  return new MigrationLockedError(
    `The migration ${name} could not lock its tables, and was not applied: other transactions hold locks${holders}. Wait until they end, such as a backup, or end them with pg_terminate_backend as the owner (DATABASE_URL). Then run the migration again.`,
    { cause },
  )
}
