import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { DATABASE_ROLES, type DatabaseRole } from './roles.ts'
import type { DB } from './schema.generated.ts'

export interface PoolOptions {
  readonly url: string
  readonly role: DatabaseRole
  /** How the connection is called in `pg_stat_activity`. */
  readonly name: string
  /** The most connections at once. */
  readonly max: number
}

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 15_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
/** Notices a server that went away without a word, also while we only wait for its answer. */
const QUERY_TIMEOUT_MS = 20_000

/**
 * A pool whose connections have taken on their service's role. Whoever has checked a connection out may send queries
 * without waiting for the answers of those before: they travel together (pipelining).
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({ ...clientConfig(options), max: options.max })
  // A connection that breaks fails the queries that are waiting on it, which is where it is dealt with; one that is idle
  // is replaced at its next use. Node ends a process that leaves an error event unheard.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** The query builder on a pool, for everything outside the hot path. */
export function createKysely(pool: pg.Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}

function clientConfig({ url, role, name }: PoolOptions): pg.ClientConfig {
  const settings = {
    role: DATABASE_ROLES[role],
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    // Our statements find rows by key, a batch at a time. Without statistics (a new table, a cached plan) the planner
    // may think that reading the whole table is cheaper.
    enable_seqscan: 'off',
    enable_hashjoin: 'off',
    enable_mergejoin: 'off',
  }
  return {
    connectionString: url,
    application_name: name,
    options: Object.entries(settings)
      .map(([setting, value]) => `-c ${setting}=${value}`)
      .join(' '),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    pipeline: true,
    types,
  }
}

const INT8: number = pg.types.builtins.INT8
const defaultParser: (oid: number) => (text: string) => unknown = pg.types.getTypeParser

/** int8 as a number: quantities, counts and seqs stay below 2⁵³. numeric stays a string: money is never a float. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => (oid === INT8 ? Number : defaultParser(oid)),
}
