/** Why a person must decide about an order. */
export const REVIEW_REASONS = {
  order_failed: 'The provider failed the order; nothing was refunded.',
  late_reversal: 'The provider canceled or reduced an order that it had completed; the refund was paid.',
  refund_exceeds_target: 'The provider delivered more than it had reported; the user keeps the refund.',
  contradiction: 'The provider changed a final status into one that cannot follow it; nothing was changed.',
  remains_missing: 'The order is partial, but its remains are missing or not a number; nothing was changed.',
  remains_out_of_range:
    'The order is partial, but its remains are negative or exceed the quantity; nothing was changed.',
  partial_zero_remains: 'The order is partial, but nothing remains; nothing was refunded.',
  order_not_registered: 'No order was registered for this update within its retention; nothing was changed.',
  drip_feed_remains:
    'The drip-feed order is partial, and its remains may be those of one run or of all runs; nothing was changed.',
  unknown_status: 'The provider sent an unknown status; nothing was changed.',
  provider_error: 'The provider sent an error instead of a status; nothing was changed.',
  ambiguous_update: 'The provider sent two different statuses for one order; nothing was changed.',
  order_id_missing: 'The provider sent an update that names no order; nothing was changed.',
  provider_disagrees: 'The response of the provider does not match its webhook; nothing was changed or paid.',
  not_verified: 'The provider could not be asked to verify its webhook; nothing was changed or paid.',
  unknown_to_provider: 'The provider does not know the order of its webhook; nothing was changed or paid.',
  refund_needs_approval: 'A person must approve this refund before it is paid; nothing was changed or paid.',
  balance_limit: 'The refund would exceed the maximum balance; nothing was changed.',
  rejected_by_database: 'The database rejected the changes of this update; nothing was changed.',
} as const

export type ReviewReason = keyof typeof REVIEW_REASONS
