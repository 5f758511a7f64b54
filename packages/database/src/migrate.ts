import { Kysely, PostgresDialect } from 'kysely'
import type { Migration } from 'kysely/migration'
import pg from 'pg'
import { applyMigrations } from './apply-migrations.ts'
import { countTotals } from './count-totals.ts'
import { createIndexes } from './concurrent-indexes.ts'
import { startMaintenanceAge } from './maintenance-runs.ts'
import { maintainPartitions } from './partitions.ts'
import { POSTGRES_VERSION_MIN } from './roles.ts'
import * as baseline from './migrations/0041-baseline.ts'
import * as passkeys from './migrations/0043-passkeys.ts'
import * as mappedWords from './migrations/0044-mapped-words.ts'
import * as auditLogSignatures from './migrations/0045-audit-log-signatures.ts'
import * as timelines from './migrations/0049-timelines.ts'
import * as erasure from './migrations/0050-erasure.ts'
import * as deliveryBodies from './migrations/0051-delivery-bodies.ts'
import * as compactEvents from './migrations/0055-compact-events.ts'
import * as movedDeliveries from './migrations/0060-moved-deliveries.ts'
import * as webhookAttempts from './migrations/0061-webhook-attempts.ts'
import * as consoleKeys from './migrations/0062-console-keys.ts'
import * as serviceSecrets from './migrations/0063-service-secrets.ts'
import * as auditCalls from './migrations/0064-audit-calls.ts'
import { connectionConfig } from './servers/connection-config.ts'

/** In order of their names. A migration that has been released is never edited. */
export const MIGRATIONS: Record<string, Migration> = {
  '0041-baseline': baseline,
  '0043-passkeys': passkeys,
  '0044-mapped-words': mappedWords,
  '0045-audit-log-signatures': auditLogSignatures,
  '0049-timelines': timelines,
  '0050-erasure': erasure,
  '0051-delivery-bodies': deliveryBodies,
  '0055-compact-events': compactEvents,
  '0060-moved-deliveries': movedDeliveries,
  '0061-webhook-attempts': webhookAttempts,
  '0062-console-keys': consoleKeys,
  '0063-service-secrets': serviceSecrets,
  '0064-audit-calls': auditCalls,
}

/** The names of all migrations, as the table `kysely_migration` of a database that is up to date lists them. */
export const MIGRATION_NAMES: readonly string[] = Object.keys(MIGRATIONS).toSorted()

/**
 * Migrates a database to the latest version, as its owner: schema, roles, the partitions of the next days, the
 * totals of accounts that have none, and indexes for searches, in separate transactions. Concurrent calls run
 * the migrations one after the other. Services of the version before may run meanwhile.
 *
 * @returns the names of the migrations that this call applied.
 * @throws MigrationLockedError when other transactions hold locks for minutes.
 * @example
 * await migrateToLatest(databaseUrl) //=> []
 */
export async function migrateToLatest(ownerUrl: string): Promise<string[]> {
  const pool = new pg.Pool({ ...connectionConfig(ownerUrl), max: 2, application_name: 'paxyo-migrate' })
  // A broken connection fails the statement that is waiting for it; an idle one does not matter.
  pool.on('error', () => undefined)
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    await rejectOldServer(pool)
    const applied = await applyMigrations(db, MIGRATIONS)
    await maintainPartitions(pool, new Date())
    await countTotals(pool)
    await createIndexes(pool)
    await startMaintenanceAge(pool)
    return applied
  } finally {
    await db.destroy()
  }
}

async function rejectOldServer(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string; number: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
  )
  const { version, number } = rows[0]!
  if (Number(number) >= POSTGRES_VERSION_MIN * 10_000) return
  throw new Error(
    `PostgreSQL ${version} is too old. Nothing was changed. Upgrade to ${POSTGRES_VERSION_MIN} or newer, preferably 18.`,
  )
}
