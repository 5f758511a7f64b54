import { COLUMN_TYPES, connectionConfig, createKysely, type Database } from '@paxyo/database'
import type { Kysely } from 'kysely'
import pg from 'pg'
import type { Cli } from './cli.ts'
import { explainDatabaseError } from './explain-database-error.ts'
import { settings } from './settings.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** The server ends the transaction of a command that was stopped in between: services may wait for its locks. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 10_000

/** Does work with the database, as the login of `DATABASE_URL`. */
export async function withOwnerDatabase<T>(cli: Cli, work: (db: Kysely<Database>) => Promise<T>): Promise<T> {
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  const pool = new pg.Pool({
    ...connectionConfig(url),
    max: 1,
    application_name: 'paxyo-cli',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    types: COLUMN_TYPES,
  })
  pool.on('error', () => undefined)
  const db = createKysely(pool)
  try {
    return await work(db)
  } catch (error) {
    throw explainDatabaseError(error, url)
  } finally {
    await db.destroy()
  }
}
