/**
 * Reads from a replica, once it has everything that the primary has committed.
 *
 * It guarantees that a read sees everything that was committed when it began, like a read of the primary: the snapshot of a
 * client that joins has each event whose message on the bus the gateway may have missed, and every revoked token.
 *
 * How: before a read, the primary says how far its WAL is flushed, which is beyond every commit that was acknowledged. The
 * replica is asked, on the connection that then reads, until it has replayed that position, for a moment; then the primary
 * is read instead. After a read that the replica was too late for, it is asked only once until it is in time again, so that
 * a replica that lags for long delays no client.
 *
 * The epoch and the timeline must be the same, too: a replica of a server that was replaced has another history. After a
 * failover it may have received more than the server that was promoted, and its position says nothing then. webhook-ingest
 * records each timeline in the database: a replica that has replayed this record follows the new primary. Until then, the
 * primary is read.
 *
 * The position comes from the primary, and not with the messages of the bus, because a gateway that has just started, or
 * whose bus is silent, has no messages of a user's last events. The cost is one row without I/O for each batch of reads.
 */

import { TIMELINE } from '@paxyo/database'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient, QueryConfig } from 'pg'
import type { ReadSource } from './read-database.ts'

/** Where reads went: to the replica, or why not. */
export const REPLICA_OUTCOMES = ['replica', 'behind', 'unavailable', 'failed'] as const
export type ReplicaOutcome = (typeof REPLICA_OUTCOMES)[number]

export interface ReplicaReadsOptions {
  readonly primary: Pool
  readonly replica: Pool
  /** Called for each batch of reads. */
  readonly onRead: (outcome: ReplicaOutcome) => void
  readonly now: () => number
  /** How long a read waits for the replica. */
  readonly waitMsMax?: number
}

const WAIT_MS_MAX = 250
const POLL_INTERVAL_MS = 10
/** How long a connection to the replica may take, and for how long none is tried after one that failed. */
const CONNECT_MS_MAX = 500
const RETRY_MS = 5_000
/** A server that is paused or unreachable does not respond at all. */
const POLL_TIMEOUT_MS = 500

interface PrimaryPosition {
  readonly epoch: string
  readonly timeline: number
  readonly lsn: string
}

// It throws on a replica: then nothing is read, as from a primary that became a replica.
const READ_POSITION = `
  SELECT epoch, ${TIMELINE} AS timeline, pg_current_wal_flush_lsn()::text AS lsn FROM stream_epoch`

// A server that was promoted is no replica: what it has committed since is unknown to the primary.
const HAS_REPLAYED = `
  SELECT epoch = $1 AND timeline = $2 AND pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $3::pg_lsn AS has_replayed
  FROM stream_epoch`

export function createReplicaReads(options: ReplicaReadsOptions): ReadSource {
  const { primary, replica, onRead, now, waitMsMax = WAIT_MS_MAX } = options
  let wasBehind = false
  let retryAt = -Infinity

  async function connect(): Promise<PoolClient | undefined> {
    if (now() < retryAt) return undefined
    const connecting = replica.connect()
    const client = await Promise.race([connecting.catch(() => undefined), sleep(CONNECT_MS_MAX, undefined)])
    if (client !== undefined) return client
    retryAt = now() + RETRY_MS
    // It may still come.
    connecting.then(
      (late) => late.release(),
      () => undefined,
    )
    return undefined
  }

  async function waitForReplay(client: PoolClient, { epoch, timeline, lsn }: PrimaryPosition): Promise<boolean> {
    const until = now() + (wasBehind ? 0 : waitMsMax)
    // The type lacks pg's time limit of one query.
    const poll: QueryConfig & { readonly query_timeout: number } = {
      name: 'has_replayed',
      text: HAS_REPLAYED,
      values: [epoch, timeline, lsn],
      query_timeout: POLL_TIMEOUT_MS,
    }
    for (;;) {
      const { rows } = await client.query<{ has_replayed: boolean | null }>(poll).catch((error: unknown) => {
        retryAt = now() + RETRY_MS
        throw error
      })
      wasBehind = rows[0]?.has_replayed !== true
      if (!wasBehind) return true
      if (now() >= until) return false
      await sleep(POLL_INTERVAL_MS)
    }
  }

  return {
    async read(read) {
      const { rows } = await primary.query<PrimaryPosition>({ name: 'read_position', text: READ_POSITION })
      const client = await connect()
      if (client === undefined) {
        onRead('unavailable')
        return read(primary)
      }
      let outcome: ReplicaOutcome = 'failed'
      let error: Error | undefined
      try {
        if (await waitForReplay(client, rows[0]!)) {
          const result = await read({ query: client.query.bind(client), isReplica: true })
          outcome = 'replica'
          return result
        }
        outcome = 'behind'
      } catch (cause) {
        // The replica ends statements that conflict with what it replays, and connections when it stops.
        error = cause as Error
      } finally {
        client.release(error)
        onRead(outcome)
      }
      return read(primary)
    },
  }
}
