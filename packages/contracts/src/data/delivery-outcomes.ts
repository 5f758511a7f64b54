/** The possible outcomes of a delivery (an update received from a provider) after its commit. */
export const DELIVERY_OUTCOMES = {
  applied: 'The order changed, and any refund due was paid.',
  progress: 'Only remains or the start count changed.',
  unchanged: 'The order already has the reported state.',
  stale: 'The order is already in a later status; the update is recorded and changes nothing.',
  ignored: 'The status is known and changes nothing, such as that of a refill.',
  superseded: 'Another provider order or a later update replaces it; the update is recorded and changes nothing.',
  review: 'The update was not applied; a person must decide.',
  parked: 'The update is waiting for its order to be registered.',
  awaiting_verification: 'The update would pay a refund; it is waiting for provider verification.',
  duplicate: 'The same delivery was already committed; it is not recorded again.',
} as const

export type DeliveryOutcome = keyof typeof DELIVERY_OUTCOMES

/** The outcome of a recorded delivery: duplicates are not recorded. */
export type RecordedOutcome = Exclude<DeliveryOutcome, 'duplicate'>

export const RECORDED_OUTCOMES = Object.keys(DELIVERY_OUTCOMES).filter(
  (outcome): outcome is RecordedOutcome => outcome !== 'duplicate',
)
