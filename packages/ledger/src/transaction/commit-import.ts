import { isRejectedByDatabase, isRetryable } from '@paxyo/database'
import type { Pool } from 'pg'
import { commitChangeSet, type BatchOutbox } from './commit-change-set.ts'
import type { ApplyRules, LedgerTransaction } from './ledger-transaction.ts'

export interface ImportDeps extends ApplyRules {
  /** Of the role `ingest`. */
  readonly pool: Pool
}

/** A service may hold a lock that we wait for, or register the same order at this moment. */
const ATTEMPTS_MAX = 5

/**
 * An import is no service: it has no bus and publishes nothing. Its events stay in the outbox, where the services find
 * them within seconds.
 */
const LEFT_TO_THE_SERVICES: BatchOutbox = {
  takePublished: () => [],
  returnPublished: () => undefined,
  isLookDue: () => false,
  sawOldRows: () => undefined,
  outcomeUnknown: () => undefined,
  publish: () => undefined,
}

/** Commits a batch of an import, and retries when it lost against another transaction. */
export async function commitImport<T>(deps: ImportDeps, work: (tx: LedgerTransaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await commitChangeSet({ ...deps, outbox: LEFT_TO_THE_SERVICES }, work)
    } catch (error) {
      const lost = isRetryable(error) || isRejectedByDatabase(error)
      if (!lost || attempt === ATTEMPTS_MAX) throw error
    }
  }
}
