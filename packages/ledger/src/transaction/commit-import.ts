import { isRejectedByDatabase, isRetryable } from '@paxyo/database'
import type { Pool } from 'pg'
import { commitChangeSet, type BatchOutbox } from './commit-change-set.ts'
import type { ApplyRules, LedgerTransaction } from './ledger-transaction.ts'

export interface ImportDeps extends ApplyRules {
  /** A pool with the role `ingest`. */
  readonly pool: Pool
}

/** A service may hold a lock, or register the same order concurrently. */
const ATTEMPTS_MAX = 5

/**
 * An import has no bus and publishes nothing. Its events stay in the outbox, where the services find them within seconds.
 */
const PUBLISHED_BY_SERVICES: BatchOutbox = {
  takePublished: () => [],
  returnPublished: () => undefined,
  isCheckDue: () => false,
  sawOldRows: () => undefined,
  outcomeUnknown: () => undefined,
  publish: () => undefined,
}

/** Commits a batch of an import, and retries after a conflict with another transaction. */
export async function commitImport<T>(deps: ImportDeps, work: (tx: LedgerTransaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commitChangeSet({ ...deps, outbox: PUBLISHED_BY_SERVICES }, work)
    } catch (error) {
      const lost = isRetryable(error) || isRejectedByDatabase(error)
      if (!lost || attempt === ATTEMPTS_MAX) throw error
    }
  }
}
