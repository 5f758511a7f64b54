import { transaction } from '@paxyo/database'
import type { Pool } from 'pg'
import { emptyChangeSet, type ChangeSet, type EventRow } from '../model/change-set.ts'
import type { ApplyRules, LedgerTransaction } from './ledger-transaction.ts'
import { writeChangeSet } from './write-change-set.ts'

export interface LedgerDeps extends ApplyRules {
  /** Of the role `ingest`. */
  readonly pool: Pool
  readonly outbox: BatchOutbox
  /** Called after a commit, with what was written. */
  readonly onCommitted?: (changes: ChangeSet) => void
}

/** What committing needs of the outbox. */
export interface BatchOutbox {
  /** Takes the ids of batches that the bus has, for this transaction to delete. */
  takePublished(): string[]
  /** Gives them back after a transaction that did not commit. */
  returnPublished(batchIds: readonly string[]): void
  /** Whether it is time for a transaction to look for rows that another process has left behind. */
  isLookDue(): boolean
  /** Called when there are such rows. */
  sawOldRows(): void
  /** Called when a transaction may have been committed although its outcome is unknown. */
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
export async function commitChangeSet<T>(
  { pool, outbox, onCommitted, ...rules }: LedgerDeps,
  work: (tx: LedgerTransaction) => Promise<T>,
): Promise<T> {
  const batchId = rules.newId()
  const publishedBatchIds = outbox.takePublished()
  const changes = emptyChangeSet()
  let result: T
  try {
    result = await transaction(
      pool,
      (client) => work({ ...rules, client, changes }),
      (client) =>
        writeChangeSet(client, changes, {
          batchId,
          publishedBatchIds,
          ...(outbox.isLookDue() ? { onOldRows: () => outbox.sawOldRows() } : {}),
        }),
    )
  } catch (error) {
    outbox.returnPublished(publishedBatchIds)
    throw error
  }
  if (changes.events.length > 0) outbox.publish(batchId, changes.events)
  onCommitted?.(changes)
  return result
}
