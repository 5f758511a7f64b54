import type { BalanceMode } from '@paxyo/contracts'
import type { RefundApproval } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import type { ChangeSet } from '../model/change-set.ts'
import type { NewId } from '../model/new-id.ts'

/** Settings for applying deliveries, in addition to the rules of order-core. */
export interface ApplyRules {
  readonly newId: NewId
  /** Providers whose webhooks refund only after verification; none when undefined. */
  readonly verifiedProviders?: ReadonlySet<string>
  /** The mode of accounts that are opened; `external` when undefined. A deposit or a charge makes an account `kept`. */
  readonly accountMode?: BalanceMode | undefined
  /** Which refunds wait until a person approves them; none when undefined. */
  readonly refundApproval?: RefundApproval | undefined
}

/** An open transaction of the ledger. Its `changes` are written and committed after the work. */
export interface LedgerTransaction extends ApplyRules {
  readonly client: PoolClient
  readonly changes: ChangeSet
}
