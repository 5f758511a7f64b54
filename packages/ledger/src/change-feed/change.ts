import type { AccountView, OrderEvent, OrderStatus, OrderView, RefundView } from '@paxyo/contracts'
import type { PanelView } from '../transaction/record-event.ts'

/** An order as a panel sees it, as it was after the change. */
export interface ChangedOrder extends PanelView {
  readonly userId: string
  readonly runs: number
  /** The minutes between two runs. */
  readonly interval: number | null
  readonly payment: 'external' | 'account'
  /** ISO 8601, UTC, like all times here. */
  readonly createdAt: string
  /** How much of `refunded` the previous system paid before the import. */
  readonly refundedElsewhere: string
}

/** The kinds of events that are about an order. */
type OrderKind = Extract<OrderEvent, { readonly order: OrderView }>['event']

/** A committed change. It is the same whenever it is read, except that a review's order has its current state. */
export type Change = OrderChange | AccountChange | ReviewChange

interface ChangeBase {
  /** Its position in the feed: 1, 2, 3 … without gaps. */
  readonly position: number
  readonly at: string
}

export interface OrderChange extends ChangeBase {
  readonly type: OrderKind
  readonly userId: string
  readonly seq: number
  readonly order: ChangedOrder
  /** Null when it was registered. */
  readonly previousStatus: OrderStatus | null
  readonly account: AccountView
  /** Set when money was refunded. */
  readonly refund?: RefundView
}

export interface AccountChange extends ChangeBase {
  readonly type: Exclude<OrderEvent['event'], OrderKind>
  readonly userId: string
  readonly seq: number
  readonly account: AccountView
}

export interface ReviewChange extends ChangeBase {
  readonly type: 'review.opened' | 'review.resolved'
  readonly review: ChangedReview
  /** Of the order, which is null when the provider named no registered one. */
  readonly userId: string | null
  readonly seq: number | null
  readonly order: ChangedOrder | null
}

export interface ChangedReview {
  readonly reviewId: string
  readonly reason: string
  readonly deliveryId: string
  readonly openedAt: string
  readonly resolution: null | {
    readonly action: string
    readonly by: string
    readonly note: string
    readonly at: string
  }
}
