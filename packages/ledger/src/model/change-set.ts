import type { BusMessage, OrderStatus } from '@paxyo/contracts'
import type { AuditEntry } from '@paxyo/database'
import type { Money, ReviewReason } from '@paxyo/order-core'
import type { Delivery, DeliveryResult, EventPlace, Verification } from './delivery.ts'
import type { ProviderOrder } from './provider-order.ts'
import type { LockedAccount, Order } from './working-set.ts'

/** The rows that one transaction writes. Each order and account is in it once, in its final state. */
export interface ChangeSet {
  /**
   * The timestamp of all rows, by the database's clock; set by `readClock`, which work calls before it records a
   * change.
   */
  at: Date | undefined
  /**
   * Whether the result says that something is committed. A result that writes nothing, such as a duplicate or an order that is
   * registered already, then repeats what an earlier transaction has committed. That one may not have waited for the
   * synchronous standby, because its connection or its server ended; this one waits for both.
   */
  acknowledges: boolean
  readonly orders: Map<string, Order>
  /** Which of the orders are new. */
  readonly registeredOrderIds: Set<string>
  readonly accounts: Map<string, LockedAccount>
  /** Refunds, charges and deposits, in sequence: each starts from the balance after the previous one. */
  readonly entries: LedgerEntry[]
  readonly events: EventRow[]
  readonly deliveries: DeliveryRow[]
  readonly reviews: ReviewRow[]
  /** Reviews that a person, or what a person did, has resolved. */
  readonly resolvedReviewIds: string[]
  /** Deliveries that wait for their verification. */
  readonly awaiting: AwaitingRow[]
  /** Deliveries whose verification is done, with the provider's response. */
  readonly verified: VerifiedRow[]
  /** What people did with orders, for the history of these. */
  readonly actions: ActionRow[]
  /** Rows that only one kind of work writes, each with its statement. */
  readonly others: Statement[]
  /** For the audit log. Written last: it locks the end of the log until the commit. */
  readonly audit: AuditEntry[]
}

/** A prepared statement with its values. */
export interface Statement {
  readonly name: string
  readonly text: string
  readonly values: unknown[]
}

/** Money that went into an account, or out of it for an order. */
export type LedgerEntry = RefundEntry | PaymentEntry

interface Entry {
  readonly entryId: string
  readonly userId: string
  readonly amount: Money
  readonly balanceAfter: Money
}

export interface RefundEntry extends Entry {
  readonly kind: 'refund'
  readonly orderId: string
  readonly refundedBefore: Money
  readonly refundedAfter: Money
}

export interface PaymentEntry extends Entry {
  readonly kind: 'deposit' | 'charge'
  /** The order that is paid for; null for a deposit. */
  readonly orderId: string | null
  /** The payment of a deposit; undefined for an opening balance. */
  readonly payment?: Payment
}

/** The payment of a deposit, kept as long as the ledger, so that it is never deposited twice. */
export interface Payment {
  /** Unique. */
  readonly ref: string
  /** The seq of its event. */
  readonly seq: number
}

export interface EventRow extends BusMessage, EventPlace {
  /** The order's status before an update. */
  readonly previousStatus?: OrderStatus | undefined
}

export interface DeliveryRow extends Delivery {
  readonly outcome: Exclude<DeliveryResult['outcome'], 'duplicate'>
  readonly reason: ReviewReason | null
  /** Whether it is applied later; its update is kept until then. */
  readonly waits: boolean
  /** The order afterwards; undefined when there is none. Not a column. */
  readonly order: Order | undefined
  /** The refund that it caused. Not a column. */
  readonly refund: Money | undefined
}

export interface ReviewRow {
  readonly reviewId: string
  readonly orderId: string | null
  readonly deliveryId: string
  readonly reason: ReviewReason
  /** What a person needs to decide, in addition to the reason. */
  readonly detail?: string | undefined
}

export interface AwaitingRow extends ProviderOrder {
  readonly deliveryId: string
}

export interface VerifiedRow {
  readonly deliveryId: string
  readonly verification: Verification
}

export interface ActionRow {
  readonly actionId: string
  readonly orderId: string
  readonly action: 'refund' | 'cancel' | 'set_status'
  /** What the order became; null when it stayed. */
  readonly status: OrderStatus | null
  readonly refundId: string | null
  readonly note: string
  readonly actor: string
  readonly keyId: string
}

export function emptyChangeSet(): ChangeSet {
  return {
    at: undefined,
    acknowledges: true,
    orders: new Map(),
    registeredOrderIds: new Set(),
    accounts: new Map(),
    entries: [],
    events: [],
    deliveries: [],
    reviews: [],
    resolvedReviewIds: [],
    awaiting: [],
    verified: [],
    actions: [],
    others: [],
    audit: [],
  }
}
