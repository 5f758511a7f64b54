/** Why a person must look at an order. */
export const REVIEW_REASONS = {
  order_failed: 'The provider failed the order; nothing was refunded.',
  late_reversal: 'The provider canceled or cut an order that it had completed; the refund was paid.',
  refund_exceeds_target: 'The provider delivered more than it had said; what was refunded stays with the user.',
  contradiction: 'The provider changed a final status into one that cannot follow it; nothing was changed.',
  remains_missing: 'The order is partial, but how much remains is missing or not a number; nothing was changed.',
  remains_out_of_range: 'The order is partial, but more remains than was ordered, or less than nothing; no change.',
  partial_zero_remains: 'The order is partial, but nothing remains; nothing was refunded.',
  unknown_status: 'The provider sent a status that we do not know; nothing was changed.',
  provider_error: 'The provider sent an error instead of a status; nothing was changed.',
  ambiguous_update: 'The provider sent two different statuses for one order; nothing was changed.',
  order_id_missing: 'The provider sent an update that names no order; nothing was changed.',
  provider_disagrees: 'The provider, when asked, did not say what its webhook had said; nothing was changed or paid.',
  not_verified: 'The provider could not be asked whether its webhook is true; nothing was changed or paid.',
  balance_limit: 'The account cannot hold what this update would have refunded; nothing was changed.',
  rejected_by_database: 'The database refused what this update would have changed; nothing was changed.',
} as const

export type ReviewReason = keyof typeof REVIEW_REASONS
