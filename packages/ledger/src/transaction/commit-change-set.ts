import { transaction } from '@paxyo/database'
import type { Pool } from 'pg'
import { emptyChangeSet, type ChangeSet, type EventRow } from '../model/change-set.ts'
import type { ApplyRules, LedgerTransaction } from './ledger-transaction.ts'
import { writeChangeSet } from './write-change-set.ts'

export interface LedgerDeps extends ApplyRules {
  /** A pool with the role `ingest`. */
  readonly pool: Pool
  readonly outbox: BatchOutbox
  /** Called after a commit, with the change set. */
  readonly onCommitted?: (changes: ChangeSet) => void
}

/** The part of the outbox that a commit uses. */
export interface BatchOutbox {
  /** Takes the ids of published batches, for this transaction to delete. */
  takePublished(): string[]
  /** Gives the ids back after a transaction that did not commit. */
  returnPublished(batchIds: readonly string[]): void
  /** Whether a transaction should now check for rows that another process has left behind. */
  isCheckDue(): boolean
  /** Called when there are such rows. */
  sawOldRows(): void
  /** Called after a retry: an earlier attempt may have been committed although its outcome was unknown. */
  outcomeUnknown(): void
  /** Publishes committed events; never throws, because the rows are in the outbox. */
  publish(batchId: string, events: readonly EventRow[]): void
}

/**
 * Runs `work` in a transaction, writes the changes that it recorded, commits, and publishes their events. The
 * transaction takes two round trips to the database when `work` needs one.
 *
 * @throws the database's errors; the outcome is unknown when the connection was lost.
 * @example
 * const opened = await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * typeof opened === 'object' && opened.isNew //=> true
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
          ...(outbox.isCheckDue() ? { onOldRows: () => outbox.sawOldRows() } : {}),
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
