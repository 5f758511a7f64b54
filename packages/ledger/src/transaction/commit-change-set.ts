import { transaction } from '@paxyo/database'
import type { Pool, PoolClient } from 'pg'
import type { ApplyRules } from '../deliveries/apply-delivery.ts'
import { noChanges, type Changes, type EventRow } from '../model/change-set.ts'
import { writeChangesAndCommit } from './write-change-set.ts'

export interface CommitDeps extends ApplyRules {
  readonly pool: Pool
  readonly outbox: BatchOutbox
  /** Told when deliveries were committed that await the provider's confirmation. */
  readonly deliveriesAwait?: (() => void) | undefined
  /** Told after a commit that paid refunds. */
  readonly refundsCommitted?: (() => void) | undefined
  /** Told what was written, once it was committed. */
  readonly onCommitted?: (changes: Changes) => void
}

/** What committing needs of the outbox. */
export interface BatchOutbox {
  /** Takes the ids of batches that the bus has, for this transaction to delete. */
  takePublished(): string[]
  /** Gives them back after a transaction that did not commit. */
  returnPublished(batchIds: readonly string[]): void
  /** Whether it is time for a transaction to look for rows that somebody has left behind. */
  isLookDue(): boolean
  /** Told when there are such rows. */
  sawOldRows(): void
  /** Told when a transaction may have been committed although we never heard of it. */
  outcomeUnknown(): void
  /** Publishes what was committed; never throws, because the rows are in the outbox. */
  publish(batchId: string, events: readonly EventRow[]): void
}

/**
 * Runs `work` in a transaction, writes the changes it noted, commits, and publishes their events. Two round trips, when
 * work needs one for its reading.
 *
 * @throws the database's errors; the outcome is unknown when it could not be reached.
 */
export async function commitChanges<T>(
  { pool, newId, outbox, deliveriesAwait, refundsCommitted, onCommitted }: CommitDeps,
  work: (client: PoolClient, changes: Changes) => Promise<{ at: Date; result: T }>,
): Promise<T> {
  const batchId = newId()
  const publishedBatchIds = outbox.takePublished()
  const changes = noChanges()
  let committed: T
  try {
    committed = await transaction(pool, async (client) => {
      const { at, result } = await work(client, changes)
      const outboxRows = { batchId, publishedBatchIds, lookForOldRows: outbox.isLookDue() }
      if (await writeChangesAndCommit(client, changes, at, outboxRows)) outbox.sawOldRows()
      return result
    })
  } catch (error) {
    outbox.returnPublished(publishedBatchIds)
    throw error
  }
  if (changes.events.length > 0) outbox.publish(batchId, changes.events)
  if (changes.awaited.length > 0) deliveriesAwait?.()
  if (changes.entries.some(({ kind }) => kind === 'refund')) refundsCommitted?.()
  onCommitted?.(changes)
  return committed
}
