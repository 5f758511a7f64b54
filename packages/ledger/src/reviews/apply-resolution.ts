import type { OrderStatus, OrderView, RefundView } from '@paxyo/contracts'
import type { Money } from '@paxyo/order-core'
import type { NewId } from '../model/new-id.ts'
import { BALANCE_MAX, type Account, type Books, type Order } from '../model/working-set.ts'
import type { Changes } from '../model/change-set.ts'
import { orderView, recordUpdate } from '../transaction/record-event.ts'

/** What a person has decided about an order. */
export interface Resolution {
  /** What is paid back, beside what was before; 0 for nothing. */
  readonly refund: Money
  /** What the order becomes; undefined to leave it. */
  readonly status: OrderStatus | undefined
}

export interface ResolutionResult {
  readonly order: OrderView
  readonly account: Account
  readonly refund: RefundView | undefined
}

/**
 * Applies a person's decision to an order as a delivery's is: the ledger, the account, and an event for its user when
 * anything changed.
 *
 * @returns why not, and nothing was noted then.
 */
export function applyResolution(
  books: Books,
  changes: Changes,
  order: Order,
  account: Account,
  { refund, status = order.status }: Resolution,
  newId: NewId,
): ResolutionResult | 'refund_exceeds_charge' | 'balance_limit_exceeded' {
  const { currency } = account
  if (refund > order.charge - order.refunded) return 'refund_exceeds_charge'
  if (account.balance + refund > BALANCE_MAX) return 'balance_limit_exceeded'
  if (refund === 0n && status === order.status) return { order: orderView(order, currency), account, refund: undefined }

  const next: Order = { ...order, status, refunded: order.refunded + refund, updatedAt: books.at }
  const refundView = recordUpdate(books, changes, order, next, newId)
  return { order: orderView(next, currency), account: books.accountsByUserId.get(order.userId)!, refund: refundView }
}
