/** A refund as the panel's server sees it. It never changes. */
export interface Refund {
  readonly refundId: string
  /** Its position in the feed: 1, 2, 3 … without gaps. */
  readonly position: number
  readonly orderId: string
  /** The order's provider, and its id there, when the refund was paid; null when it had none. */
  readonly provider: string | null
  readonly providerOrderId: string | null
  readonly userId: string
  /** Decimal strings, such as `"2.5"`. */
  readonly amount: string
  readonly currency: string
  /** The total refunded for the order, including this refund. */
  readonly orderRefunded: string
  readonly balanceAfter: string
  /** ISO 8601, UTC. */
  readonly at: string
}
