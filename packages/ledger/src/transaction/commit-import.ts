import { isRejectedByDatabase, isRetryable } from '@paxyo/database'
import type { Pool } from 'pg'
import { PUBLISHED_BY_SERVICES } from '../outbox/published-by-services.ts'
import { commitChangeSet } from './commit-change-set.ts'
import type { ApplyRules, LedgerTransaction } from './ledger-transaction.ts'

export interface ImportDeps extends ApplyRules {
  /** A pool with the role `ingest`. */
  readonly pool: Pool
}

/** A service may hold a lock, or register the same order concurrently. */
const ATTEMPTS_MAX = 5

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
