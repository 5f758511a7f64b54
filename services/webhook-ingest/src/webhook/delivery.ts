import type { Money, ReviewReason, StatusUpdate } from '@paxyo/order-core'

/** One update of a webhook request, as received. */
export interface Delivery {
  /** Its idempotency key: the same delivery sent again has the same id. */
  readonly deliveryId: string
  readonly provider: string
  /** `undefined` when the provider named no order. */
  readonly update: StatusUpdate | undefined
  readonly body: string
  readonly receivedAt: Date
  /** Set when this is an earlier delivery once more, at a person's wish. */
  readonly replay?: Replay
}

export interface Replay {
  /** The delivery as the provider sent it. */
  readonly deliveryId: string
  /** What it and its replays have been put up for review for. */
  readonly reviewedFor: ReadonlySet<ReviewReason>
}

/** What became of a delivery once it was committed. */
export interface DeliveryResult {
  readonly outcome: 'applied' | 'progress' | 'unchanged' | 'stale' | 'review' | 'parked' | 'duplicate'
  /** Why somebody must look at it. */
  readonly review?: ReviewReason
  /** What this delivery paid back. */
  readonly refund?: Money
}
