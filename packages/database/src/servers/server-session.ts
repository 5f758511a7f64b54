import pg from 'pg'

/** One of the servers of a database. */
export interface Server {
  /** Host and port, as logs show them. */
  readonly name: string
  readonly host: string
  readonly port: number
  readonly url: string
}

/** What a server says of itself. */
export interface ServerState {
  readonly isReplica: boolean
  /** Whether new transactions cannot write, on a replica or by a setting. */
  readonly isReadOnly: boolean
  /** Grows with each promotion of a standby; null on a replica. */
  readonly timeline: number | null
}

/** A connection that asks a server for its state. */
export interface ServerSession {
  /** @throws when the server does not respond in time. */
  read(): Promise<ServerState>
  close(): void
}

/** As long as that of every connection: a busy primary is still the primary. */
const CONNECT_TIMEOUT_MS = 5_000
const RESPONSE_TIMEOUT_MS = 2_000

/**
 * The timeline of a server's WAL; null on a replica. The name of a WAL file begins with it: unlike the control file, it is right
 * from the moment of a promotion.
 *
 * @example
 * (await pool.query(`SELECT ${TIMELINE} AS timeline`)).rows //=> [{ timeline: 1 }]
 */
export const TIMELINE = `CASE WHEN NOT pg_is_in_recovery()
      THEN ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END`

const READ_STATE = `
  SELECT pg_is_in_recovery() AS "isReplica", current_setting('transaction_read_only') = 'on' AS "isReadOnly",
    ${TIMELINE} AS timeline`

export async function readClientState(client: Pick<pg.Pool, 'query'>): Promise<ServerState> {
  const { rows } = await client.query<ServerState>(READ_STATE)
  return rows[0]!
}

export function toServer(url: string): Server {
  const { host, port } = new pg.Client({ connectionString: url })
  return { name: `${host}:${port}`, host, port, url }
}

/** @throws when the server cannot be reached in time, or rejects the login. */
export async function openSession({ url }: Server): Promise<ServerSession> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'paxyo-primary-watch',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: RESPONSE_TIMEOUT_MS,
  })
  client.on('error', () => undefined)
  await client.connect()
  return {
    read: () => readClientState(client),
    close: () => void client.connection.stream.destroy(),
  }
}

/** Reads the state of a server on a new connection. */
export async function readState(server: Server): Promise<ServerState> {
  const session = await openSession(server)
  try {
    return await session.read()
  } finally {
    session.close()
  }
}
