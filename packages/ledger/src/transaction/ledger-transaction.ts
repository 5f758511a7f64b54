import type { PoolClient } from 'pg'
import type { ChangeSet } from '../model/change-set.ts'
import type { NewId } from '../model/new-id.ts'

/** What decides how deliveries are applied, beside the rules of order-core. */
export interface ApplyRules {
  readonly newId: NewId
  /** Providers whose webhooks refund only after the provider was asked whether they are true; none when it is not given. */
  readonly verifiedProviders?: ReadonlySet<string>
}

/** An open transaction of the ledger. Its `changes` are written and committed once the work is done. */
export interface LedgerTransaction extends ApplyRules {
  readonly client: PoolClient
  readonly changes: ChangeSet
}
