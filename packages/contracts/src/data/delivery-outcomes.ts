/** What can become of a delivery, one update received from a provider, once it is committed. */
export const DELIVERY_OUTCOMES = {
  applied: 'The order changed, and what was due was refunded.',
  progress: 'Only the figures of the order moved: remains or the start count.',
  unchanged: 'The order is already as the update says.',
  stale: 'The order has moved on since; the update is recorded and changes nothing.',
  review: 'The update was not applied; a person must decide.',
  parked: 'The update waits for its order to be registered.',
  awaiting_verification: 'The update would pay a refund and waits until the provider has confirmed it.',
  duplicate: 'The same delivery was committed before; it is not recorded again.',
} as const

export type DeliveryOutcome = keyof typeof DELIVERY_OUTCOMES

/** The outcome of a recorded delivery: a duplicate has no record of its own. */
export type RecordedOutcome = Exclude<DeliveryOutcome, 'duplicate'>

export const RECORDED_OUTCOMES = Object.keys(DELIVERY_OUTCOMES).filter(
  (outcome): outcome is RecordedOutcome => outcome !== 'duplicate',
)
