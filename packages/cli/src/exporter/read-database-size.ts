import { createClient } from '@paxyo/database/servers'

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

/**
 * Any login may read both. No connection is kept: a restore renames the database at its end, which PostgreSQL rejects while one has a
 * session.
 */
export async function readDatabaseSize(url: string): Promise<DatabaseSize> {
  const client = createClient(url, {
    application_name: 'paxyo-exporter',
    connectionTimeoutMillis: TIMEOUT_MS,
    query_timeout: TIMEOUT_MS,
  })
  // A broken connection fails the statement that is waiting for it.
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rows } = await client.query<{ bytes: number; retainedBytes: number | null }>(SIZE)
    const { bytes, retainedBytes } = rows[0]!
    return { bytes, retainedBytes: retainedBytes ?? undefined }
  } finally {
    await client.end()
  }
}
