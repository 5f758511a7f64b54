import type { OrderStatus } from '@paxyo/contracts'
import type { Money } from './money.ts'
import type { OrderState } from './order-state.ts'
import { dripFeedReadings, refundTarget, totalQuantity, type DripFeedReadings } from './refund.ts'
import type { ReviewReason } from './review-reason.ts'
import type { StatusUpdate } from './status-update.ts'
import { TRANSITIONS } from './transitions.ts'

/** The effect of an update on an order. */
export type Decision =
  /** Nothing changes, and there is no event. */
  | { readonly outcome: 'unchanged' | 'stale' | 'ignored' }
  /** Nothing changes, but a person must decide. */
  | { readonly outcome: 'review'; readonly review: ReviewReason; readonly readings?: DripFeedReadings }
  /** The order becomes `order`; `refund` (may be 0) is paid to its user. */
  | {
      readonly outcome: 'applied' | 'progress'
      readonly order: OrderState
      readonly refund: Money
      readonly review?: ReviewReason
    }

/**
 * Decides what a provider's update does to an order (the table in `transitions.ts`, the rule in `refund.ts`).
 *
 * @example
 * const order = { status: 'pending', quantity: 1000, runs: 1, charge: 250_000_000n, remains: null, startCount: null, refunded: 0n } as const
 * const partial = { providerOrderId: '12345', status: 'partial', remains: 300, startCount: null } as const
 * const decision = decide(order, partial)
 * 'order' in decision && formatMoney(decision.refund) //=> '0.75'
 */
export function decide(order: OrderState, update: StatusUpdate): Decision {
  if (update.status === 'unknown') return { outcome: 'review', review: update.problem ?? 'unknown_status' }

  if (update.status === 'ignored') return { outcome: 'ignored' }

  const transition = TRANSITIONS[order.status][update.status]
  switch (transition) {
    case 'stale':
    case 'unchanged':
      return { outcome: transition }
    case 'contradiction':
      return { outcome: 'review', review: 'contradiction' }
    case 'progress':
      return moved(order, update) ? applied(order, update, 'progress') : { outcome: 'unchanged' }
    case 'apply':
      return applied(order, update)
    case 'fail':
      return applied(order, update, 'applied', 'order_failed')
    case 'refund':
      return refunded(order, update)
    case 'late_refund':
      return refunded(order, update, 'late_reversal')
    case 'adjust':
      return update.remains !== null && !moved(order, update) ? { outcome: 'unchanged' } : refunded(order, update)
  }
}

function moved(order: OrderState, update: StatusUpdate): boolean {
  return (
    (update.remains !== null && update.remains !== order.remains) ||
    (update.startCount !== null && update.startCount !== order.startCount)
  )
}

/** Refunds the difference between the update's target and the amount refunded before. */
function refunded(order: OrderState, update: StatusUpdate, review?: ReviewReason): Decision {
  if (update.status === 'canceled') return paid(order, update, order.charge, review)

  const { remains } = update
  if (remains === null) return { outcome: 'review', review: 'remains_missing' }
  const quantity = totalQuantity(order)
  if (remains < 0 || remains > quantity) return { outcome: 'review', review: 'remains_out_of_range' }
  const readings = dripFeedReadings(order, remains)
  if (readings !== undefined) return { outcome: 'review', review: 'drip_feed_remains', readings }

  const target = refundTarget(order.charge, remains, quantity)
  if (target < order.refunded) return paid(order, update, target, 'refund_exceeds_target')
  return paid(order, update, target, review ?? (remains === 0 ? 'partial_zero_remains' : undefined))
}

function paid(order: OrderState, update: StatusUpdate, target: Money, review?: ReviewReason): Decision {
  const refund = target > order.refunded ? target - order.refunded : 0n
  return applied({ ...order, refunded: order.refunded + refund }, update, 'applied', review, refund)
}

function applied(
  order: OrderState,
  update: StatusUpdate,
  outcome: 'applied' | 'progress' = 'applied',
  review?: ReviewReason,
  refund: Money = 0n,
): Decision {
  const next = {
    ...order,
    status: update.status as OrderStatus,
    remains: update.remains ?? order.remains,
    startCount: update.startCount ?? order.startCount,
  }
  return { outcome, order: next, refund, ...(review === undefined ? {} : { review }) }
}
