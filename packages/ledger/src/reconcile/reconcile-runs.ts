import { transaction } from '@paxyo/database'
import type { Pool } from 'pg'

/** What a run found so far. */
export interface ReconcileCounts {
  asked: number
  changed: number
  late: number
}

const ERROR_LENGTH_MAX = 500

// A run of any process counts, so that more processes do not ask more often. One that did not end does not: its process
// died, or holds the lock.
const READ_WAIT = `
  SELECT greatest(0, $1 - extract(epoch FROM clock_timestamp() - max(started_at)) * 1000)::float8 AS wait_ms
  FROM reconcile_runs WHERE ended_at IS NOT NULL`

const INSERT_RUN = 'INSERT INTO reconcile_runs (run_id, started_at) VALUES ($1, clock_timestamp())'

const END_RUN = `
  UPDATE reconcile_runs SET ended_at = clock_timestamp(), asked = $2, changed = $3, late = $4, error = $5
  WHERE run_id = $1`

const DELETE_OLD_RUNS = `DELETE FROM reconcile_runs WHERE started_at < clock_timestamp() - interval '30 days'`

// Of a transaction, not of a session: a pooler between us and the server gives the session to others between two transactions, and the
// lock with it. The transaction has no snapshot while it waits, so that it holds back no vacuum.
const TRY_LOCK = `SELECT pg_try_advisory_xact_lock(hashtext('paxyo reconcile')) AS is_locked`
/** The server ends a transaction that is idle for 15 s. */
const KEEP_ALIVE_MS = 5_000

/** The runs of scheduled reconciliation, of all processes. */
export interface ReconcileRuns {
  /** @returns the milliseconds until the next run is due; 0 when it is due now. */
  waitMs(everyMs: number): Promise<number>
  /** Records that a run begins, and deletes the records of runs of more than 30 days ago. */
  begin(runId: string): Promise<void>
  end(runId: string, counts: ReconcileCounts, error: string | undefined): Promise<void>
  /**
   * Does work while no other process does it. The lock ends with its transaction, also when this process dies.
   *
   * @returns undefined when another process does the work.
   */
  whileAlone<T>(work: () => Promise<T>): Promise<T | undefined>
}

/**
 * The runs of scheduled reconciliation: when the next one is due, and which process does it.
 *
 * @example
 * const runs = createReconcileRuns(pool)
 * await runs.waitMs(60_000) //=> 0
 * const runId = newId()
 * await runs.whileAlone(() => runs.begin(runId))
 * await runs.end(runId, { asked: 0, changed: 0, late: 0 }, undefined)
 * (await runs.waitMs(60_000)) > 0 //=> true
 */
export function createReconcileRuns(pool: Pool): ReconcileRuns {
  return {
    async waitMs(everyMs) {
      const { rows } = await pool.query<{ wait_ms: number | null }>(READ_WAIT, [everyMs])
      return rows[0]?.wait_ms ?? 0
    },
    async begin(runId) {
      await pool.query(INSERT_RUN, [runId])
      await pool.query(DELETE_OLD_RUNS)
    },
    async end(runId, { asked, changed, late }, error) {
      await pool.query(END_RUN, [runId, asked, changed, late, error?.slice(0, ERROR_LENGTH_MAX) ?? null])
    },
    whileAlone: (work) =>
      transaction(pool, async (client) => {
        const { rows } = await client.query<{ is_locked: boolean }>(TRY_LOCK)
        if (!rows[0]!.is_locked) return undefined
        const keepingAlive = setInterval(() => void client.query('SELECT').catch(() => undefined), KEEP_ALIVE_MS)
        return work().finally(() => clearInterval(keepingAlive))
      }),
  }
}
