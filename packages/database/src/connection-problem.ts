import type { Pool, PoolClient } from 'pg'
import { connectionSettings, createPool, type PoolOptions } from './connect.ts'

/** PgBouncer's code for a setting that it does not pass on. */
const PROTOCOL_VIOLATION = '08P01'
const POOLER_REJECTS =
  'a connection pooler rejects the settings of a connection: set ignore_startup_parameters = options in pgbouncer.ini, and give the login its role and settings in PostgreSQL'
const POOLER_FORGETS =
  'a connection pooler does not keep prepared statements: use PgBouncer 1.21 or newer with max_prepared_statements above 0, in transaction mode'

/**
 * Why a service cannot work with the connections that an address leads to: a pooler in between that drops the role, the
 * settings or prepared statements. An unavailable database is no reason: it may come back.
 *
 * @returns undefined when it can work, and while the database is unavailable.
 * @example
 * await findConnectionProblem({ url: databaseUrl, role: 'ingest' }) //=> undefined
 */
export async function findConnectionProblem(options: Pick<PoolOptions, 'url' | 'role'>): Promise<string | undefined> {
  const pool = createPool({ ...options, name: 'paxyo-connection-check', max: 1 })
  try {
    return await examine(pool, options)
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    return code === PROTOCOL_VIOLATION && /startup parameter/.test(message)
      ? `${POOLER_REJECTS} (${message})`
      : undefined
  } finally {
    await pool.end()
  }
}

async function examine(pool: Pool, { role }: Pick<PoolOptions, 'role'>): Promise<string | undefined> {
  const client = await pool.connect()
  try {
    const wanted = connectionSettings(role)
    const { rows } = await client.query<{ login: string; missing: string[] }>({
      name: 'paxyo_connection_check',
      text: `
        SELECT session_user AS login, array(
          SELECT name FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
          WHERE CASE name WHEN 'role' THEN current_user::text
            ELSE (SELECT setting FROM pg_settings WHERE pg_settings.name = wanted.name) END IS DISTINCT FROM value
        ) AS missing`,
      values: [Object.keys(wanted), Object.values(wanted)],
    })
    const { login, missing } = rows[0]!
    if (missing.length > 0) {
      const statements = missing.map((name) => `ALTER ROLE "${login}" SET ${name} = '${wanted[name]!}';`)
      return `a connection pooler drops ${missing.join(', ')}. As a superuser: ${statements.join(' ')} Then reconnect the pooler`
    }
    return (await forgetsStatements(client)) ? POOLER_FORGETS : undefined
  } finally {
    client.release()
  }
}

/** A pooler has other process ids than PostgreSQL, and one that keeps prepared statements gives them other names. */
async function forgetsStatements(client: PoolClient): Promise<boolean> {
  const { processID } = client as PoolClient & { processID?: number }
  const { rows } = await client.query<{ pid: number; kept: boolean }>(
    `SELECT pg_backend_pid() AS pid,
       EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'paxyo_connection_check') AS kept`,
  )
  return rows[0]!.pid !== processID && rows[0]!.kept
}
