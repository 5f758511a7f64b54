import type { OrderStatus, RefundView } from '@paxyo/contracts'
import type { Money } from '@paxyo/order-core'
import {
  BALANCE_MAX,
  noSettledDeliveries,
  type Account,
  type LockedAccount,
  type Order,
  type WorkingSet,
} from '../model/working-set.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import { panelView, recordUpdate, type PanelView } from '../transaction/record-event.ts'

/** A person's decision about an order. */
export interface PersonsDecision {
  /** The amount to refund in addition to earlier refunds; 0 for none. */
  readonly refund: Money
  /** The order's new status; undefined to keep it. */
  readonly status: OrderStatus | undefined
  /** The order's new counts, when the decision approves an update of the provider. */
  readonly counts?: Pick<Order, 'remains' | 'startCount'>
}

/** An order and its account after a person's decision. */
export interface DecidedOrder {
  readonly order: PanelView
  readonly account: Account
  readonly refund: RefundView | undefined
}

/** An order and its account, read under the account's lock, and the time of the transaction. */
export interface LockedOrder {
  readonly at: Date
  readonly order: Order
  readonly account: LockedAccount
}

export type DecisionRejection = 'refund_exceeds_charge' | 'balance_limit_exceeded'

/** Applies a person's decision, with an event for the user. All refunds together are at most the charge. */
export function applyDecision(
  { changes, newId }: Pick<LedgerTransaction, 'changes' | 'newId'>,
  { at, order, account }: LockedOrder,
  { refund, status, counts }: PersonsDecision,
): DecidedOrder | DecisionRejection {
  if (refund > order.charge - order.refunded) return 'refund_exceeds_charge'
  if (account.balance + refund > BALANCE_MAX) return 'balance_limit_exceeded'
  const changed = { status: status ?? order.status, refunded: order.refunded + refund, updatedAt: at }
  const next: Order = { ...order, ...counts, ...changed }
  if (refund === 0n && next.status === order.status) {
    return { order: panelView(order, account.currency), account, refund: undefined }
  }
  const working: WorkingSet = {
    at,
    ordersByProviderOrder: new Map(),
    accountsByUserId: new Map([[account.userId, account]]),
    ...noSettledDeliveries(),
  }
  return recordUpdate(working, changes, order, next, newId)
}
