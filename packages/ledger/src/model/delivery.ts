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
  /** Where it comes from: the provider called, or we asked its API. A webhook when it is not given. */
  readonly origin?: 'webhook' | 'reconcile'
  /** Set when this delivery waited for its verification and the provider was asked, or could not be. */
  readonly verification?: Verification
  /** Set when this is an earlier delivery again, at a person's request. */
  readonly replay?: Replay
}

export interface Replay {
  /** The delivery as the provider sent it. */
  readonly deliveryId: string
  /** What it and its replays have been put up for review for. */
  readonly reviewedFor: ReadonlySet<ReviewReason>
}

/** The provider's response to the question whether a webhook is true; null when it could not be asked. */
export type Verification = { readonly update: StatusUpdate; readonly body: string } | null

/** What became of a delivery once it was committed. */
export interface DeliveryResult {
  readonly outcome: DeliveryOutcome
  /** Why somebody must look at it. */
  readonly review?: ReviewReason
  /** What this delivery refunded. */
  readonly refund?: Money
  /** The event's place in its user's stream: it connects a gateway's log line to the webhook's. */
  readonly event?: EventPlace
}

/** An event's place in its user's stream. */
export interface EventPlace {
  readonly userId: string
  readonly seq: number
}
