/**
 * Guarantees: deliveries have an end, and none is deleted that someone still has to decide about, or whose refund is still to
 * be paid. No webhook waits.
 *
 * How: partitions of days that are older than the retention are detached and dropped. A partition with a delivery that waits
 * for its order, its verification, an approval or another decision is kept until that has come. Everything else is deleted
 * in steps of a bounded number of rows.
 */

import type { Pool } from 'pg'
import type { PartitionPart } from './archive/write-archive.ts'
import { DAY_MS, DELIVERIES, dropPartition, findPartitions } from './partitions.ts'

/** Rows that one statement deletes. */
const BATCH_ROWS = 5_000

/** SQL: a delivery waits for its order or its verification, or a review that it opened or repeated is open. */
export const isUndecided = (delivery: string): string => `
  (${delivery}.outcome IN ('parked', 'awaiting_verification')
    OR EXISTS (SELECT FROM reviews WHERE reviews.delivery_id = ${delivery}.delivery_id AND reviews.resolved_at IS NULL)
    OR ${delivery}.outcome = 'review' AND EXISTS (
      SELECT FROM reviews
      WHERE reviews.order_id =
          order_of_delivery(${delivery}.provider, ${delivery}.provider_order_id, ${delivery}.received_at)
        AND reviews.reason = ${delivery}.reason AND reviews.resolved_at IS NULL))`

export interface DeliveryRetentionResult {
  readonly dropped: readonly string[]
  /** Partitions that are old enough, with deliveries that are not decided. */
  readonly kept: readonly string[]
  /** Rows of the default partition, verifications, and ids. */
  readonly deleted: number
}

/**
 * Drops the deliveries that are older than the retention, and deletes what belongs to them: verifications, and the ids of
 * repeatable messages. Runs daily, as the owner.
 *
 * @param retentionDays whole days that are kept in addition to today.
 * @param beforeDrop is done with each partition before it is dropped, such as archiving it, and with what is old enough in the
 *   default partition before some of it is deleted.
 * @example
 * await dropOldDeliveries(ownerPool, new Date(), 90) //=> { dropped: [], kept: [], deleted: 0 }
 */
export async function dropOldDeliveries(
  pool: Pool,
  now: Date,
  retentionDays: number,
  beforeDrop?: (partition: string, part?: PartitionPart) => Promise<unknown>,
): Promise<DeliveryRetentionResult> {
  const firstKeptDay = Math.floor(now.getTime() / DAY_MS) - retentionDays
  const before = new Date(firstKeptDay * DAY_MS)
  const dropped: string[] = []
  const kept: string[] = []
  for (const name of await findPartitions(pool, DELIVERIES, firstKeptDay)) {
    if (await hasUndecided(pool, name)) kept.push(name)
    else {
      await beforeDrop?.(name)
      await dropPartition(pool, DELIVERIES, name)
      dropped.push(name)
    }
  }
  const where = `received_at < '${before.toISOString()}'`
  let deleted = 0
  if (await hasRows(pool, `${where} AND NOT ${isUndecided('delivery')}`)) {
    // All that are old enough: one that is decided meanwhile is deleted, too.
    await beforeDrop?.('deliveries_default', { where, name: `deliveries_default_${now.getTime()}` })
    deleted += await deleteOld(pool, 'deliveries_default', DECIDED, before)
  }
  for (const [table, condition] of DELETIONS) deleted += await deleteOld(pool, table, condition, before)
  return { dropped, kept, deleted }
}

/** Which deliveries of the default partition are deleted; $1 is the first time that is kept. */
const DECIDED = `received_at < $1 AND NOT ${isUndecided('deliveries_default')}`

/** Other tables, and which of their rows are deleted. */
const DELETIONS = [
  ['verifications', 'settled_at < $1'],
  // Of a copy that was not finished.
  ['changed_deliveries', 'received_at < $1'],
  // As long as any delivery is kept: with them, ids are unique.
  ['repeatable_delivery_ids', 'received_at < least($1, (SELECT min(received_at) FROM deliveries))'],
] as const

async function hasRows(pool: Pool, where: string): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM deliveries_default AS delivery WHERE ${where}) AS found`,
  )
  return rows[0]!.found
}

async function hasUndecided(pool: Pool, partition: string): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(
    `SELECT EXISTS (SELECT FROM ${partition} AS delivery WHERE ${isUndecided('delivery')}) AS found`,
  )
  return rows[0]!.found
}

async function deleteOld(pool: Pool, table: string, condition: string, before: Date): Promise<number> {
  const statement = `
    DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${BATCH_ROWS}))`
  for (let total = 0; ;) {
    const { rowCount } = await pool.query(statement, [before])
    total += rowCount ?? 0
    if ((rowCount ?? 0) < BATCH_ROWS) return total
  }
}
