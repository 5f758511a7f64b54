import { POSTGRES_VERSION_MIN } from '@paxyo/database/roles'
import { connectDatabase, type DatabaseSession } from '../connect-database.ts'
import { Failure } from '../failure.ts'
import { shownAddress } from '../explain-database-error.ts'
import { diagnoseAuditSignature } from './audit-signature.ts'
import { diagnoseClock } from './clock.ts'
import { failed, ok, skipped, warning, type Diagnostic } from './diagnostic.ts'
import { diagnoseMigrations } from './migrations.ts'
import { diagnoseOutbox, diagnosePartitions, diagnoseWaiting } from './backlog.ts'
import { diagnoseReconcile } from './reconcile.ts'
import { diagnoseRights } from './rights.ts'
import { diagnoseSettings } from './server-settings.ts'

const STATEMENT_TIMEOUT_MS = 10_000

/** Checks the database with the login of `url`, without writing. */
export async function diagnosePostgres(url: string): Promise<readonly Diagnostic[]> {
  try {
    await using database = await connectDatabase({
      url,
      as: 'login',
      readOnly: true,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    })
    return await examine(database, url)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [failed('postgres', error.message, error.hint ?? "Check PostgreSQL's log.")]
  }
}

async function examine(database: DatabaseSession, url: string): Promise<readonly Diagnostic[]> {
  const diagnostics = [
    ok('postgres', `connected to ${shownAddress(url)}`),
    await diagnoseVersion(database),
    await diagnoseStandby(database),
    await readClock(database),
    ...(await diagnoseSettings(database)),
  ].filter((diagnostic) => diagnostic !== undefined)

  const migrations = await diagnoseMigrations(database)
  diagnostics.push(migrations)
  if (migrations.status === 'failed') {
    return [...diagnostics, skipped('tables', 'roles, partitions and the outbox are checked after the migrations')]
  }
  return [
    ...diagnostics,
    ...(await diagnoseRights(database)),
    await diagnosePartitions(database),
    ...(await diagnoseBacklog(database)),
  ]
}

/** Skipped when the login may not read the rows: the check of the grants reports that. */
async function diagnoseBacklog(database: DatabaseSession): Promise<readonly Diagnostic[]> {
  try {
    return [
      await diagnoseOutbox(database),
      ...(await diagnoseWaiting(database)),
      await diagnoseReconcile(database),
      await diagnoseAuditSignature(database),
    ]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [skipped('outbox', error.message)]
  }
}

async function diagnoseVersion(database: DatabaseSession): Promise<Diagnostic> {
  const [row] = await database.query<{ version: string; number: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
  )
  const major = Math.floor(Number(row!.number) / 10_000)
  if (major >= POSTGRES_VERSION_MIN) return ok('postgres-version', `PostgreSQL ${row!.version}`)
  return failed(
    'postgres-version',
    `PostgreSQL ${row!.version} is too old`,
    `Upgrade to ${POSTGRES_VERSION_MIN} or newer, preferably 18.`,
  )
}

async function diagnoseStandby(database: DatabaseSession): Promise<Diagnostic | undefined> {
  const [row] = await database.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
  if (!row!.standby) return undefined
  const hint = 'Set DATABASE_URL to the address of the primary: webhook-ingest writes.'
  return warning('postgres-standby', 'this PostgreSQL is a standby, which is read-only', hint)
}

async function readClock(database: DatabaseSession): Promise<Diagnostic> {
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
