import { DATABASE_ROLES } from '@paxyo/database/roles'
import { createClient } from '@paxyo/database/servers'
import type pg from 'pg'
import { explainDatabaseError } from './explain-database-error.ts'
import type { Failure } from './failure.ts'

const CONNECT_TIMEOUT_MS = 5_000

export interface DatabaseOptions {
  readonly url: string
  /** `ingest` may read everything; `login` is the user in the address. */
  readonly as: 'ingest' | 'login'
  /** A session that cannot write. */
  readonly readOnly: boolean
  /** The time limit of one statement. */
  readonly statementTimeoutMs: number
  /** Ends the connection and the statement that is running. */
  readonly signal?: AbortSignal
}

/** One connection for a command, closed when it is disposed. */
export interface DatabaseSession extends AsyncDisposable {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

/** @throws Failure that names the cause when the connection or a statement fails. */
export async function connectDatabase(options: DatabaseOptions): Promise<DatabaseSession> {
  const failure = (error: unknown): Failure => explainDatabaseError(error, options.url)
  const client = createClient(options.url, clientConfig(options))
  // A broken connection fails the statement that is waiting for it.
  client.on('error', () => undefined)
  const abort = (): void => void client.end().catch(() => undefined)
  options.signal?.addEventListener('abort', abort)
  try {
    await client.connect()
  } catch (error) {
    throw failure(error)
  }
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      try {
        return (await client.query<Row & pg.QueryResultRow>(text, [...values])).rows
      } catch (error) {
        throw failure(error)
      }
    },
    async [Symbol.asyncDispose]() {
      options.signal?.removeEventListener('abort', abort)
      await client.end().catch(() => undefined)
    },
  }
}

function clientConfig({ as, readOnly, statementTimeoutMs }: DatabaseOptions): pg.ClientConfig {
  const options = [
    ...(as === 'ingest' ? [`-c role=${DATABASE_ROLES.ingest}`] : []),
    ...(readOnly ? ['-c default_transaction_read_only=on'] : []),
    `-c statement_timeout=${statementTimeoutMs}`,
    // Otherwise the server continues a statement whose client is gone.
    '-c client_connection_check_interval=1000',
  ]
  return {
    application_name: 'paxyo-cli',
    options: options.join(' '),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
  }
}
