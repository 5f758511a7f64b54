import type { DeliveryOutcome } from '@paxyo/contracts'
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
  /** Set when this delivery waited for its order. */
  readonly wasParked?: true
  /** How we came by it: the provider called, or we asked its API. A webhook when it is not given. */
  readonly origin?: 'webhook' | 'reconcile'
  /** Set when this delivery awaited its confirmation and the provider was asked, or could not be. */
  readonly confirmation?: Confirmation
  /** Set when this is an earlier delivery once more, at a person's wish. */
  readonly replay?: Replay
}

export interface Replay {
  /** The delivery as the provider sent it. */
  readonly deliveryId: string
  /** What it and its replays have been put up for review for. */
  readonly reviewedFor: ReadonlySet<ReviewReason>
}

/** What came of asking the provider whether a webhook is true; null when it could not be asked. */
export type Confirmation = { readonly update: StatusUpdate; readonly body: string } | null

/** What became of a delivery once it was committed. */
export interface DeliveryResult {
  readonly outcome: DeliveryOutcome
  /** Why somebody must look at it. */
  readonly review?: ReviewReason
  /** What this delivery paid back. */
  readonly refund?: Money
  /** Where its event stands in which stream: with this a gateway's log line belongs to the webhook's. */
  readonly event?: { readonly userId: string; readonly seq: number }
}
