import { connectDatabase, type DatabaseSession } from '../connect-database.ts'
import { Failure } from '../failure.ts'
import { withoutPassword } from '../explain-network-error.ts'
import { clockFinding } from './clock.ts'
import { failed, ok, skipped, warning, type Finding } from './finding.ts'
import { migrationFinding } from './migrations.ts'
import { outboxFinding, partitionsFinding, waitingFindings } from './backlog.ts'
import { rightsFindings } from './rights.ts'
import { settingFindings } from './server-settings.ts'

const VERSION_MIN = 17
const STATEMENT_TIMEOUT_MS = 10_000

/** Examines the database as whoever `url` logs in as; nothing is written. */
export async function postgresFindings(url: string): Promise<readonly Finding[]> {
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
    return [failed('postgres', error.message, error.hint ?? "Look at PostgreSQL's log.")]
  }
}

async function examine(database: DatabaseSession, url: string): Promise<readonly Finding[]> {
  const findings = [
    ok('postgres', `connected to ${withoutPassword(new URL(url))}`),
    await versionFinding(database),
    await standbyFinding(database),
    await clockOf(database),
    ...(await settingFindings(database)),
  ].filter((finding) => finding !== undefined)

  const migrations = await migrationFinding(database)
  findings.push(migrations)
  if (migrations.status === 'failed') {
    return [...findings, skipped('tables', 'roles, partitions and the outbox are looked at once it is migrated')]
  }
  return [
    ...findings,
    ...(await rightsFindings(database)),
    await partitionsFinding(database),
    ...(await backlogFindings(database)),
  ]
}

/** Rows are only for those who may read them; a login without any right has been told so by the rights. */
async function backlogFindings(database: DatabaseSession): Promise<readonly Finding[]> {
  try {
    return [await outboxFinding(database), ...(await waitingFindings(database))]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [skipped('outbox', error.message)]
  }
}

async function versionFinding(database: DatabaseSession): Promise<Finding> {
  const [row] = await database.query<{ version: string; number: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
  )
  const major = Math.floor(Number(row!.number) / 10_000)
  if (major >= VERSION_MIN) return ok('postgres-version', `PostgreSQL ${row!.version}`)
  return failed('postgres-version', `PostgreSQL ${row!.version} is too old`, `Upgrade to ${VERSION_MIN}, or better 18.`)
}

async function standbyFinding(database: DatabaseSession): Promise<Finding | undefined> {
  const [row] = await database.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
  if (!row!.standby) return undefined
  const hint = 'Put the address of the primary into DATABASE_URL; webhook-ingest writes.'
  return warning('postgres-standby', 'this PostgreSQL is a standby, which only reads', hint)
}

async function clockOf(database: DatabaseSession): Promise<Finding> {
  const sentAtMs = Date.now()
  const [row] = await database.query<{ ms: string }>(
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS ms`,
  )
  return clockFinding('postgres-clock', 'PostgreSQL', { sentAtMs, answeredAtMs: Date.now(), serverMs: Number(row!.ms) })
}
