/** A refund as the panel's server sees it. Nothing of it ever changes. */
export interface Refund {
  readonly refundId: string
  /** Its place in the feed: 1, 2, 3 … without gaps. */
  readonly position: number
  readonly orderId: string
  readonly provider: string
  readonly providerOrderId: string
  readonly userId: string
  /** Decimal strings, such as `"2.5"`. */
  readonly amount: string
  readonly currency: string
  /** What the order had been refunded in all, after this one. */
  readonly orderRefunded: string
  readonly balanceAfter: string
  /** ISO 8601, UTC. */
  readonly at: string
}
