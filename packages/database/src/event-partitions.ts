import type { Pool } from 'pg'
import { deleteOldChanges } from './change-feed-retention.ts'

/** How many days ahead partitions are created. */
const DAYS_AHEAD = 7
const DAY_MS = 86_400_000

export interface MaintainResult {
  readonly created: readonly string[]
  readonly dropped: readonly string[]
}

/**
 * Creates the partitions of `events` for today and the next days, and drops those that are older than the retention, with
 * their changes in the changes feed. Runs daily, as the owner. A day whose events went into the default partition keeps them there.
 *
 * @param retentionDays whole days that are kept in addition to today; `undefined` keeps everything.
 * @example
 * await maintainEventPartitions(ownerPool, new Date(), 30) //=> { created: [], dropped: [] }
 */
export async function maintainEventPartitions(pool: Pool, now: Date, retentionDays?: number): Promise<MaintainResult> {
  const today = Math.floor(now.getTime() / DAY_MS)
  const created: string[] = []
  for (let day = today; day <= today + DAYS_AHEAD; day += 1) {
    if (await createPartition(pool, day)) created.push(partitionName(day))
  }
  const dropped = retentionDays === undefined ? [] : await dropOldPartitions(pool, today - retentionDays)
  return { created, dropped }
}

// Looked up by name in the catalog, without locks and table privileges.
const READ_PARTITION_DAYS = `
  SELECT coalesce(min(n) FILTER (WHERE to_regclass(name) IS NULL), $1 + 1)::int AS days
  FROM generate_series(0, $1) AS later (n),
    format('events_%s', to_char((now() AT TIME ZONE 'UTC')::date + n, 'YYYY_MM_DD')) AS name`

/**
 * For how many days from today on, without gaps, events have a partition: eight after maintenance, one less after every
 * midnight (UTC) without it, 0 when today has none.
 *
 * @example
 * await readPartitionDays(pool) //=> 8
 */
export async function readPartitionDays(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ days: number }>(READ_PARTITION_DAYS, [DAYS_AHEAD])
  return rows[0]!.days
}

const isoDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
const partitionName = (day: number): string => `events_${isoDay(day).replaceAll('-', '_')}`
const dayOfPartition = (name: string): number =>
  Math.floor(Date.parse(name.slice('events_'.length).replaceAll('_', '-')) / DAY_MS)

async function createPartition(pool: Pool, day: number): Promise<boolean> {
  const name = partitionName(day)
  const bounds = `FROM ('${isoDay(day)}Z') TO ('${isoDay(day + 1)}Z')`
  const { rows } = await pool.query<{ needed: boolean }>(
    `SELECT to_regclass($1) IS NULL
        AND NOT EXISTS (SELECT FROM events_default WHERE at >= $2 AND at < $3) AS needed`,
    [name, new Date(day * DAY_MS), new Date((day + 1) * DAY_MS)],
  )
  if (rows[0]?.needed !== true) return false
  await inOneTransaction(
    pool,
    `
    CREATE TABLE IF NOT EXISTS ${name} PARTITION OF events FOR VALUES ${bounds};
    CREATE OR REPLACE TRIGGER append_only_truncate BEFORE TRUNCATE ON ${name}
      FOR EACH STATEMENT EXECUTE FUNCTION reject_change()`,
  )
  return true
}

async function dropOldPartitions(pool: Pool, firstKeptDay: number): Promise<string[]> {
  // First, because changes refer to events.
  await deleteOldChanges(pool, new Date(firstKeptDay * DAY_MS))
  const { rows } = await pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1`,
  )
  const old = rows.map(({ name }) => name).filter((name) => dayOfPartition(name) < firstKeptDay)
  for (const name of old) {
    await inOneTransaction(pool, `DROP TABLE IF EXISTS ${name}`)
  }
  return [...old, ...(await emptyDefaultPartition(pool, firstKeptDay))]
}

/** Rows of the default partition cannot be deleted (they are append-only): when all are old, it is replaced. */
async function emptyDefaultPartition(pool: Pool, firstKeptDay: number): Promise<string[]> {
  const { rows } = await pool.query<{ old: boolean | null }>('SELECT max(at) < $1 AS old FROM events_default', [
    new Date(firstKeptDay * DAY_MS),
  ])
  if (rows[0]?.old !== true) return []
  await inOneTransaction(
    pool,
    `
    DROP TABLE events_default;
    CREATE TABLE events_default PARTITION OF events DEFAULT;
    CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON events_default
      FOR EACH STATEMENT EXECUTE FUNCTION reject_change()`,
  )
  return ['events_default']
}

/** Statements sent as one message are one transaction. One maintainer runs at a time, and none makes webhooks wait. */
async function inOneTransaction(pool: Pool, statements: string): Promise<void> {
  await pool.query(`
    SET LOCAL lock_timeout = '5s';
    SELECT pg_advisory_xact_lock(hashtext('paxyo event partitions'));
    ${statements}`)
}
