/**
 * Guarantees: an event or a delivery always has a partition, and no webhook waits for one to be created or dropped.
 *
 * How: partitions of the next days are created ahead, and a row of a day without one goes into the default partition. While
 * a statement here waits for a lock, everything that needs the same table queues behind it; therefore it gives up after a
 * quarter of a second, lets the others pass, and retries. A partition is first detached, which only changes the catalog, and
 * then dropped, which takes no lock that others need. (PostgreSQL cannot detach concurrently from a table with a default
 * partition.)
 */

import type { Pool } from 'pg'
import { setTimeout as sleep } from 'node:timers/promises'
import { deleteOldChanges } from './change-feed-retention.ts'
import { isRetryable } from './database-errors.ts'

/** How many days ahead partitions are created. */
const DAYS_AHEAD = 7
export const DAY_MS = 86_400_000
/** How long a statement may wait for its locks. */
const LOCK_TIMEOUT_MS = 250
/** About a minute, with the waiting. */
const ATTEMPTS_MAX = 60
const PAUSE_MS = 750

interface PartitionedTable {
  readonly name: 'events' | 'deliveries'
  readonly timeColumn: string
  readonly isAppendOnly: boolean
}

const EVENTS: PartitionedTable = { name: 'events', timeColumn: 'at', isAppendOnly: true }
export const DELIVERIES: PartitionedTable = { name: 'deliveries', timeColumn: 'received_at', isAppendOnly: false }
const TABLES = [EVENTS, DELIVERIES] as const

/** Whole days that are kept in addition to today; without a number, everything is kept. */
export interface RetentionDays {
  readonly events?: number | undefined
}

export interface MaintainResult {
  readonly created: readonly string[]
  readonly dropped: readonly string[]
}

/**
 * Creates the partitions of events and deliveries for today and the next days, and drops the events that are older than their
 * retention, with their changes in the changes feed. Runs daily, as the owner. A day whose rows went into the
 * default partition keeps them there.
 *
 * @example
 * const { dropped } = await maintainPartitions(ownerPool, new Date(), { events: 30 })
 * dropped //=> []
 */
export async function maintainPartitions(
  pool: Pool,
  now: Date,
  retention: RetentionDays = {},
): Promise<MaintainResult> {
  const today = Math.floor(now.getTime() / DAY_MS)
  const created: string[] = []
  for (const table of TABLES) {
    for (let day = today; day <= today + DAYS_AHEAD; day += 1) {
      if (await createPartition(pool, table, day)) created.push(partitionName(table, day))
    }
  }
  const dropped = retention.events === undefined ? [] : await dropOldEvents(pool, today - retention.events)
  return { created, dropped }
}

// Looked up by name in the catalog, without locks and table privileges.
const READ_PARTITION_DAYS = `
  SELECT coalesce(min(n) FILTER (WHERE to_regclass(name) IS NULL), $1 + 1)::int AS days
  FROM unnest($2::text[]) AS parent (parent), generate_series(0, $1) AS later (n),
    format('%s_%s', parent, to_char((now() AT TIME ZONE 'UTC')::date + n, 'YYYY_MM_DD')) AS name`

/**
 * For how many days from today on, without gaps, events and deliveries have a partition: eight after maintenance, one less
 * after every midnight (UTC) without it, 0 when today has none.
 *
 * @example
 * await maintainPartitions(ownerPool, new Date())
 * await readPartitionDays(pool) //=> 8
 */
export async function readPartitionDays(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ days: number }>(READ_PARTITION_DAYS, [DAYS_AHEAD, TABLES.map(({ name }) => name)])
  return rows[0]!.days
}

const isoDay = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10)
const partitionName = ({ name }: PartitionedTable, day: number): string => `${name}_${isoDay(day).replaceAll('-', '_')}`
const dayOfPartition = ({ name: table }: PartitionedTable, name: string): number =>
  Math.floor(Date.parse(name.slice(table.length + 1).replaceAll('_', '-')) / DAY_MS)

const rejectTruncate = (name: string): string => `
  CREATE OR REPLACE TRIGGER append_only_truncate BEFORE TRUNCATE ON ${name}
    FOR EACH STATEMENT EXECUTE FUNCTION reject_change();`

async function createPartition(pool: Pool, table: PartitionedTable, day: number): Promise<boolean> {
  const name = partitionName(table, day)
  const { rows } = await pool.query<{ needed: boolean }>(
    `SELECT NOT ${isAttached('$1')} AND NOT EXISTS (SELECT FROM ${table.name}_default WHERE ${table.timeColumn} >= $2 AND ${table.timeColumn} < $3)
        AS needed`,
    [name, new Date(day * DAY_MS), new Date((day + 1) * DAY_MS)],
  )
  if (rows[0]?.needed !== true) return false
  // Attaching blocks neither reads nor writes of the table; creating the partition in its place would.
  await inOneTransaction(
    pool,
    `
    DO $$ BEGIN
      IF NOT ${isAttached(`'${name}'`)} THEN
        CREATE TABLE ${name} (LIKE ${table.name} INCLUDING ALL);
        ALTER TABLE ${table.name} ATTACH PARTITION ${name}
          FOR VALUES FROM ('${isoDay(day)}Z') TO ('${isoDay(day + 1)}Z');
        ${table.isAppendOnly ? rejectTruncate(name) : ''}
      END IF;
    -- Meanwhile a row of the day went into the default partition.
    EXCEPTION WHEN check_violation THEN NULL;
    END $$`,
  )
  const { rows: results } = await pool.query<{ exists: boolean }>(`SELECT ${isAttached('$1')} AS exists`, [name])
  return results[0]!.exists
}

const isAttached = (name: string): string => `EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass(${name}))`

async function dropOldEvents(pool: Pool, firstKeptDay: number): Promise<string[]> {
  // First, because changes refer to events.
  await deleteOldChanges(pool, new Date(firstKeptDay * DAY_MS))
  const old = await findPartitions(pool, EVENTS, firstKeptDay)
  for (const name of old) await dropPartition(pool, EVENTS, name)
  return [...old, ...(await replaceDefaultPartition(pool, EVENTS, firstKeptDay))]
}

/** Detached ones, too, which a process that was killed has left. */
export async function findPartitions(pool: Pool, table: PartitionedTable, before: number): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
     WHERE relname ~ $1 AND relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY 1`,
    [`^${table.name}_\\d{4}_\\d\\d_\\d\\d$`],
  )
  return rows.map(({ name }) => name).filter((name) => dayOfPartition(table, name) < before)
}

export async function dropPartition(pool: Pool, { name: table }: PartitionedTable, name: string): Promise<void> {
  await inOneTransaction(
    pool,
    `
    DO $$ BEGIN
      IF ${isAttached(`'${name}'`)} THEN
        ALTER TABLE ${table} DETACH PARTITION ${name};
      END IF;
    END $$`,
  )
  // With the copy without bodies that was not finished.
  await inOneTransaction(pool, `DROP TABLE IF EXISTS ${name}, ${name}_copy`)
}

/** Rows of the default partition are deleted all at once: when all are old, it is replaced. */
async function replaceDefaultPartition(
  pool: Pool,
  { name, timeColumn, isAppendOnly }: PartitionedTable,
  firstKeptDay: number,
): Promise<string[]> {
  const before = new Date(firstKeptDay * DAY_MS)
  const { rows } = await pool.query<{ old: boolean | null }>(
    `SELECT max(${timeColumn}) < $1 AS old FROM ${name}_default`,
    [before],
  )
  if (rows[0]?.old !== true) return []
  await inOneTransaction(
    pool,
    `
    DROP TABLE ${name}_default;
    CREATE TABLE ${name}_default PARTITION OF ${name} DEFAULT;
    ${isAppendOnly ? rejectTruncate(`${name}_default`) : ''}`,
  )
  return [`${name}_default`]
}

/** The times that a daily partition has, without the second one. */
export function boundsOf(table: PartitionedTable, name: string): { readonly from: Date; readonly to: Date } {
  const day = dayOfPartition(table, name)
  return { from: new Date(day * DAY_MS), to: new Date((day + 1) * DAY_MS) }
}

/** Statements sent as one message are one transaction. One maintainer runs at a time, and none makes webhooks wait. */
export async function inOneTransaction(pool: Pool, statements: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await pool.query(`
        SELECT pg_advisory_xact_lock(hashtext('paxyo partitions'));
        SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
        ${statements}`)
      return
    } catch (error) {
      if (!isRetryable(error) || attempt === ATTEMPTS_MAX) throw error
      await sleep(PAUSE_MS)
    }
  }
}
