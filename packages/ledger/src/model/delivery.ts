import type { DeliveryOutcome } from '@paxyo/contracts'
import type { Money, ReviewReason, StatusUpdate } from '@paxyo/order-core'

/** One order update received from a provider. */
export interface Delivery {
  /** Its idempotency key: the same delivery received again has the same id. */
  readonly deliveryId: string
  readonly provider: string
  /** `undefined` when the provider named no order. */
  readonly update: StatusUpdate | undefined
  readonly body: string
  readonly receivedAt: Date
  /** Set when this delivery waited for its order. */
  readonly wasParked?: true
  /**
   * Whether it is from the provider's webhook (the default), or from the response of the provider's API to a
   * reconciliation.
   */
  readonly origin?: 'webhook' | 'reconcile'
  /** Set when this delivery waited for its verification, which is done or has failed. */
  readonly verification?: Verification
  /** Of a replay: the original delivery from the provider. */
  readonly replayOf?: string
  /** Set when a later delivery, or a person, has changed the order since this update arrived. */
  readonly isOvertaken?: boolean
  /** Of a response to a reconciliation: when the provider was asked, by the database's clock. */
  readonly askedAt?: Date
}

/**
 * The provider's response to a verification; `unknown_order` when the response has nothing about the order, and null when
 * the provider could not be asked.
 */
export type Verification = { readonly update: StatusUpdate; readonly body: string } | 'unknown_order' | null

/** The result of a committed delivery. */
export interface DeliveryResult {
  readonly outcome: DeliveryOutcome
  /** Why a person must decide. */
  readonly review?: ReviewReason
  /** What the person needs for it, in addition to the reason. */
  readonly reviewDetail?: string
  /** The refund that this delivery caused. */
  readonly refund?: Money
  /** The event's place in its user's stream. Logged, so that a gateway's log line can be matched with the webhook's. */
  readonly event?: EventPlace
}

/** An event's place in its user's stream. */
export interface EventPlace {
  readonly userId: string
  readonly seq: number
}
