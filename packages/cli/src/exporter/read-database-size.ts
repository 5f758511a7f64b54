import { connectionConfig } from '@paxyo/database'
import pg from 'pg'

export interface DatabaseSize {
  readonly bytes: number
  /** Undefined on a standby. */
  readonly retainedBytes: number | undefined
}

const TIMEOUT_MS = 5_000

const SIZE = `
  SELECT pg_database_size(current_database())::float8 AS bytes,
    CASE WHEN NOT pg_is_in_recovery() THEN (
      SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::float8 FROM pg_replication_slots
    ) END AS "retainedBytes"`

/** Any login may read both. One connection, which is opened again after a failure. */
export function openDatabaseSize(url: string): AsyncDisposable & { readonly read: () => Promise<DatabaseSize> } {
  const pool = new pg.Pool({
    ...connectionConfig(url),
    max: 1,
    application_name: 'paxyo-exporter',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  pool.on('error', () => undefined)
  return {
    async read() {
      const { rows } = await pool.query<{ bytes: number; retainedBytes: number | null }>(SIZE)
      const { bytes, retainedBytes } = rows[0]!
      return { bytes, retainedBytes: retainedBytes ?? undefined }
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}
