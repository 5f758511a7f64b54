import type { Pool } from 'pg'

const RETENTION = '30 days'

/**
 * Records that a run of the daily maintenance has done all of its work, as the owner.
 *
 * @example
 * await recordMaintenance(ownerPool)
 * const ageS = await readMaintenanceAgeS(ownerPool)
 * ageS! < 60 //=> true
 */
export async function recordMaintenance(pool: Pool): Promise<void> {
  await pool.query('INSERT INTO maintenance_runs VALUES (clock_timestamp()) ON CONFLICT DO NOTHING')
  await pool.query(`DELETE FROM maintenance_runs WHERE finished_at < now() - interval '${RETENTION}'`)
}

/** A database whose maintenance has never completed has no run to count from: its migration starts the time. */
export async function startMaintenanceAge(pool: Pool): Promise<void> {
  await pool.query('INSERT INTO maintenance_runs SELECT now() WHERE NOT EXISTS (SELECT FROM maintenance_runs)')
}

/**
 * How long ago maintenance did all of its work, in seconds; when it never did, how long ago the database was migrated. Undefined in a
 * database that only an earlier version has migrated.
 *
 * @example
 * const ageS = await readMaintenanceAgeS(pool)
 * (ageS ?? 0) < 60 //=> true
 */
export async function readMaintenanceAgeS(pool: Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ ageS: number | null }>(
    `SELECT greatest(0, extract(epoch FROM now() - max(finished_at)))::int AS "ageS" FROM maintenance_runs`,
  )
  return rows[0]!.ageS ?? undefined
}
