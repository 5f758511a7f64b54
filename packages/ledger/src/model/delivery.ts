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
  /** Its source: a webhook of the provider, or a request to its API. A webhook when undefined. */
  readonly origin?: 'webhook' | 'reconcile'
  /** Set when this delivery waited for its verification, which is done or has failed. */
  readonly verification?: Verification
  /** Set when this is a replay of an earlier delivery. */
  readonly replay?: Replay
}

export interface Replay {
  /** The original delivery from the provider. */
  readonly deliveryId: string
  /** The review reasons of it and its replays. */
  readonly reviewedFor: ReadonlySet<ReviewReason>
}

/** The provider's response to a verification; null when the provider could not be asked. */
export type Verification = { readonly update: StatusUpdate; readonly body: string } | null

/** The result of a committed delivery. */
export interface DeliveryResult {
  readonly outcome: DeliveryOutcome
  /** Why a person must decide. */
  readonly review?: ReviewReason
  /** What the person needs for it, in addition to the reason. */
  readonly reviewDetail?: string
  /** The refund that this delivery caused. */
  readonly refund?: Money
  /** The event's place in its user's stream: it connects a gateway's log line to the webhook's. */
  readonly event?: EventPlace
}

/** An event's place in its user's stream. */
export interface EventPlace {
  readonly userId: string
  readonly seq: number
}
