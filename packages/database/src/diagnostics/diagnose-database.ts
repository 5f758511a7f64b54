import { POSTGRES_VERSION_MIN } from '../roles.ts'
import { diagnoseAuditSignature } from './audit-signature.ts'
import { diagnoseOutbox, diagnosePartitions, diagnoseWaiting } from './backlog.ts'
import { diagnoseClock } from './clock.ts'
import { skipped, type Diagnostic } from './diagnostic.ts'
import { diagnoseMigrations } from './migrations.ts'
import type { ReadSession } from './read-session.ts'
import { diagnoseReconcile } from './reconcile.ts'
import { diagnoseReplication } from './replication.ts'
import { found } from './sentences.ts'
import { diagnoseSettings } from './server-settings.ts'

export interface DatabaseDiagnosis {
  /** Checks what the roles may do; left out when undefined, because only some logins can see it. */
  readonly diagnoseRights?: (database: ReadSession) => Promise<readonly Diagnostic[]>
  /** Why a login could not read what waits, which other checks report; undefined for another error, which is thrown. */
  readonly explainUnreadable?: (error: unknown) => string | undefined
}

/**
 * Checks a database without writing: version, clock, settings, migrations, partitions, and what waits in it.
 *
 * @example
 * const session = { query: async <Row>(text: string, values: readonly unknown[] = []) => (await pool.query(text, [...values])).rows as Row[] }
 * const diagnostics = await diagnoseDatabase(session)
 * diagnostics.find(({ check }) => check === 'outbox')!.message //=> 'every batch is published'
 */
export async function diagnoseDatabase(
  database: ReadSession,
  { diagnoseRights, explainUnreadable }: DatabaseDiagnosis = {},
): Promise<readonly Diagnostic[]> {
  const diagnostics = [
    await diagnoseVersion(database),
    await diagnoseStandby(database),
    await readClock(database),
    ...(await diagnoseSettings(database)),
  ].filter((diagnostic) => diagnostic !== undefined)

  const migrations = await diagnoseMigrations(database)
  diagnostics.push(migrations)
  if (migrations.status === 'failed') {
    return [...diagnostics, found('skipped', 'tables', 'tables_not_checked')]
  }
  return [
    ...diagnostics,
    ...((await diagnoseRights?.(database)) ?? []),
    await diagnosePartitions(database),
    ...(await diagnoseBacklog(database, explainUnreadable)),
  ]
}

async function diagnoseBacklog(
  database: ReadSession,
  explainUnreadable: DatabaseDiagnosis['explainUnreadable'],
): Promise<readonly Diagnostic[]> {
  try {
    return [
      await diagnoseReplication(database),
      await diagnoseOutbox(database),
      ...(await diagnoseWaiting(database)),
      await diagnoseReconcile(database),
      await diagnoseAuditSignature(database),
    ]
  } catch (error) {
    const message = explainUnreadable?.(error)
    if (message === undefined) throw error
    return [skipped('outbox', message)]
  }
}

async function diagnoseVersion(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<{ version: string; number: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
  )
  const major = Math.floor(Number(row!.number) / 10_000)
  const { version } = row!
  if (major >= POSTGRES_VERSION_MIN) return found('ok', 'postgres-version', 'postgres_version', { version })
  return found('failed', 'postgres-version', 'postgres_too_old', { version, minimum: POSTGRES_VERSION_MIN })
}

async function diagnoseStandby(database: ReadSession): Promise<Diagnostic | undefined> {
  const [row] = await database.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
  if (!row!.standby) return undefined
  return found('warning', 'postgres-standby', 'postgres_standby')
}

async function readClock(database: ReadSession): Promise<Diagnostic> {
  const sentAtMs = Date.now()
  const [row] = await database.query<{ ms: string }>(
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS ms`,
  )
  return diagnoseClock('postgres-clock', 'PostgreSQL', {
    sentAtMs,
    receivedAtMs: Date.now(),
    serverMs: Number(row!.ms),
  })
}
