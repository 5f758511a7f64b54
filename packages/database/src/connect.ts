import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { PipelinedClient } from './pipelined-client.ts'
import { connectionConfig } from './servers/connection-config.ts'
import type { PrimaryChange } from './servers/primary-watch.ts'
import { DATABASE_ROLES, type DatabaseRole } from './roles.ts'
import type { DB } from './schema.generated.ts'

export interface PoolOptions {
  /** May name several servers; connections lead to the primary. */
  readonly url: string
  readonly role: DatabaseRole
  /** The name of the connection in `pg_stat_activity`. */
  readonly name: string
  /** The maximum number of connections. */
  readonly max: number
  /** Called when another of several servers is the primary, or the same one on another timeline. */
  readonly onPrimaryChange?: (change: PrimaryChange) => void
}

const CONNECT_TIMEOUT_MS = 5_000
const STATEMENT_TIMEOUT_MS = 15_000
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
/** Detects a server that disappeared without closing the connection, also while waiting for its response. */
const QUERY_TIMEOUT_MS = 20_000

/**
 * A pool whose connections have their service's role. The holder of a connection can send queries without waiting for
 * the responses of earlier ones (pipelining); those of one turn of the event loop are sent together.
 *
 * @example
 * const ingest = createPool({ url: databaseUrl, role: 'ingest', name: 'an-example', max: 4 })
 * (await ingest.query('SELECT current_user AS role')).rows //=> [{ role: 'paxyo_ingest' }]
 * await ingest.end()
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({ ...clientConfig(options), max: options.max })
  // A broken connection fails the queries that are waiting for it, and their callers handle that; an idle one is replaced
  // at its next use. Node ends a process that does not handle an error event.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/**
 * The query builder on a pool, for everything outside the hot path.
 *
 * @example
 * await createKysely(pool).selectFrom('orders').selectAll().execute() //=> []
 */
export function createKysely(pool: pg.Pool): Kysely<DB> {
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}

/** The settings of every connection of a service, which PostgreSQL applies when it begins. */
export const connectionSettings = (role: DatabaseRole): Readonly<Record<string, string>> => ({
  role: DATABASE_ROLES[role],
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_TIMEOUT_MS),
  // Statements look up rows by key, a batch at a time. Without statistics (a new table, a cached plan) the planner may
  // prefer a sequential scan.
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  // Before PostgreSQL 18 the three make the cost of some plans enormous, and such a plan is compiled at each execution: 700 ms of
  // processor time for a statement of 0.2 ms.
  jit: 'off',
  // A gateway has few statements, all of which look up rows by key. PostgreSQL would plan each read of a single user again, which
  // takes 0.8 ms for a snapshot of 0.3 ms: without the user's id, it expects ten users.
  ...(role === 'gateway' ? { plan_cache_mode: 'force_generic_plan' } : {}),
})

function clientConfig({ url, role, name, onPrimaryChange }: PoolOptions): pg.PoolConfig {
  return {
    Client: PipelinedClient,
    ...connectionConfig(url, onPrimaryChange),
    application_name: name,
    options: Object.entries(connectionSettings(role))
      .map(([setting, value]) => `-c ${setting}=${value}`)
      .join(' '),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    pipeline: true,
    types: COLUMN_TYPES,
  }
}

const INT8: number = pg.types.builtins.INT8
const defaultParser: (oid: number) => (text: string) => unknown = pg.types.getTypeParser

/** int8 as a number: quantities, counts and seqs stay below 2⁵³. numeric stays a string: money is never a float. */
export const COLUMN_TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => (oid === INT8 ? Number : defaultParser(oid)),
}
