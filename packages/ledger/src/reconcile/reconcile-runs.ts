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

const LOCK = `SELECT pg_try_advisory_lock(hashtext('paxyo reconcile')) AS is_locked`
const UNLOCK = `SELECT pg_advisory_unlock(hashtext('paxyo reconcile'))`

/** The runs of scheduled reconciliation, of all processes. */
export interface ReconcileRuns {
  /** @returns the milliseconds until the next run is due; 0 when it is due now. */
  waitMs(everyMs: number): Promise<number>
  /** Records that a run begins, and deletes the records of runs of more than 30 days ago. */
  begin(runId: string): Promise<void>
  end(runId: string, counts: ReconcileCounts, error: string | undefined): Promise<void>
  /**
   * Does work while no other process does it. The lock ends with its connection, when this process dies.
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
    async whileAlone(work) {
      const client = await pool.connect()
      let mayBeLocked = true
      try {
        const { rows } = await client.query<{ is_locked: boolean }>(LOCK)
        mayBeLocked = rows[0]!.is_locked
        return mayBeLocked ? await work() : undefined
      } finally {
        if (mayBeLocked)
          mayBeLocked = await client.query(UNLOCK).then(
            () => false,
            () => true,
          )
        client.release(mayBeLocked)
      }
    },
  }
}
