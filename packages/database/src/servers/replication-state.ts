import type { Pool } from 'pg'
import { TIMELINE } from './server-session.ts'

/** What the database's server says of itself and its standbys. */
export interface ReplicationState {
  /** Host and port, as the server sees them. */
  readonly server: string
  readonly isReplica: boolean
  /** Grows with each promotion of a standby; null on a replica. */
  readonly timeline: number | null
  /** Whether a COMMIT waits for a standby (`synchronous_standby_names`). */
  readonly isSynchronous: boolean
  /** Whether the last WAL file could not be archived; false without an archive. */
  readonly isArchivingFailing: boolean
  /** Undefined when the login may not see it (`pg_read_all_stats`). */
  readonly standbys: StandbyState | undefined
  readonly epoch: string
  /** The timeline that the epoch belongs to, and whether commits waited for a standby on it; null at first. */
  readonly epochTimeline: number | null
  readonly wasSynchronous: boolean | null
}

/** The standbys that stream. */
export interface StandbyState {
  readonly synchronous: number
  readonly asynchronous: number
  /** How much the one that is furthest behind must still replay; 0 without standbys. */
  readonly lagBytes: number
  /** Sessions whose COMMIT waits for a synchronous standby. */
  readonly commitsWaiting: number
}

export interface ReplicationStateRow extends Omit<ReplicationState, 'standbys'>, StandbyState {
  readonly isVisible: boolean
}

export const READ_REPLICATION_STATE = `
  SELECT coalesce(host(inet_server_addr()) || ':' || inet_server_port(), 'local') AS server,
    is_replica AS "isReplica",
    ${TIMELINE} AS timeline,
    current_setting('synchronous_standby_names') <> ''
      AND current_setting('synchronous_commit') NOT IN ('off', 'local') AS "isSynchronous",
    pg_has_role('pg_read_all_stats', 'USAGE') AS "isVisible",
    synchronous, asynchronous, "lagBytes",
    (SELECT count(*)::int FROM pg_stat_activity WHERE wait_event = 'SyncRep') AS "commitsWaiting",
    (SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver)
      AS "isArchivingFailing",
    epoch, stream_epoch.timeline AS "epochTimeline", is_synchronous AS "wasSynchronous"
  FROM stream_epoch, (SELECT pg_is_in_recovery() AS is_replica) AS recovery, (
    SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum'))::int AS synchronous,
      count(*) FILTER (WHERE sync_state NOT IN ('sync', 'quorum'))::int AS asynchronous,
      coalesce(max(CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END), 0)::float8
        AS "lagBytes"
    FROM pg_stat_replication WHERE state = 'streaming'
  ) AS replication`

/**
 * Reads what the database's server says of itself and its standbys.
 *
 * @throws when the database is unavailable.
 * @example
 * (await readReplicationState(ownerPool)).isReplica //=> false
 */
export async function readReplicationState(pool: Pool): Promise<ReplicationState> {
  const { rows } = await pool.query<ReplicationStateRow>(READ_REPLICATION_STATE)
  return toReplicationState(rows[0]!)
}

export function toReplicationState(row: ReplicationStateRow): ReplicationState {
  const { isVisible, synchronous, asynchronous, lagBytes, commitsWaiting, ...state } = row
  return { ...state, standbys: isVisible ? { synchronous, asynchronous, lagBytes, commitsWaiting } : undefined }
}
