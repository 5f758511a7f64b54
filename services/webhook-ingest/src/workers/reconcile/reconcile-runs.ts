import type { Pool } from 'pg'

/** What a run found so far. */
export interface RunCounts {
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

/** @returns the milliseconds until the next run is due; 0 when it is due now. */
export async function readWaitMs(pool: Pool, everyMs: number): Promise<number> {
  const { rows } = await pool.query<{ wait_ms: number | null }>(READ_WAIT, [everyMs])
  return rows[0]?.wait_ms ?? 0
}

/** Records that a run begins, and deletes the records of runs of more than 30 days ago. */
export async function beginRun(pool: Pool, runId: string): Promise<void> {
  await pool.query(INSERT_RUN, [runId])
  await pool.query(DELETE_OLD_RUNS)
}

export async function endRun(pool: Pool, runId: string, counts: RunCounts, error: string | undefined): Promise<void> {
  const { asked, changed, late } = counts
  await pool.query(END_RUN, [runId, asked, changed, late, error?.slice(0, ERROR_LENGTH_MAX) ?? null])
}

const LOCK = `SELECT pg_try_advisory_lock(hashtext('paxyo reconcile')) AS is_locked`
const UNLOCK = `SELECT pg_advisory_unlock(hashtext('paxyo reconcile'))`

/**
 * Does work while no other process does it. The lock ends with its connection, when this process dies.
 *
 * @returns undefined when another process does the work.
 */
export async function whileAlone<T>(pool: Pool, work: () => Promise<T>): Promise<T | undefined> {
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
}
