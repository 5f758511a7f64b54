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
}

/** What became of a delivery once it was committed. */
export interface DeliveryResult {
  readonly outcome: 'applied' | 'progress' | 'unchanged' | 'stale' | 'review' | 'parked' | 'duplicate'
  /** Why somebody must look at it. */
  readonly review?: ReviewReason
  /** What this delivery paid back. */
  readonly refund?: Money
}
