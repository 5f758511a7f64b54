import { OPEN_STATUSES } from '@paxyo/contracts'
import {
  decide,
  formatMoney,
  isVerified,
  movesMoney,
  NEEDS_APPROVAL,
  needsApproval,
  type ChangingDecision,
  type Decision,
  type ReviewReason,
  type StatusUpdate,
} from '@paxyo/order-core'
import type { ChangeSet } from '../model/change-set.ts'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { providerOrderKey } from '../model/provider-order.ts'
import { BALANCE_MAX, type Order, type WorkingSet } from '../model/working-set.ts'
import type { ApplyRules } from '../transaction/ledger-transaction.ts'
import { recordUpdate } from '../transaction/record-event.ts'

/**
 * Applies one delivery to the working set and records the rows to write.
 *
 * @returns its result; `undefined` when its order is not in the working set, in which case nothing is recorded.
 */
export function applyDelivery(
  working: WorkingSet,
  changes: ChangeSet,
  delivery: Delivery,
  { newId, verifiedProviders, refundApproval }: ApplyRules,
): DeliveryResult | undefined {
  const { update, deliveryId, provider } = delivery
  if (isSettled(working, delivery)) return { outcome: 'duplicate' }
  const settleAs = (result: SettledResult, at?: Order): DeliveryResult =>
    settle(working, changes, delivery, result, newId, { order: at })
  if (update === undefined) return settleAs({ outcome: 'review', review: 'order_id_missing' })

  const { providerOrderId } = update
  const order = working.ordersByProviderOrder.get(providerOrderKey({ provider, providerOrderId }))
  const account = order === undefined ? undefined : working.accountsByUserId.get(order.userId)
  if (order === undefined || account === undefined) return undefined

  if (isOutdated(delivery, update, order)) return settleAs({ outcome: 'stale' }, order)
  const decision = decide(order, update)
  if (!('order' in decision)) return settleAs(toResult(decision, order), order)

  if (movesMoney(decision)) {
    const { origin = 'webhook', verification } = delivery
    if (verification === undefined && origin === 'webhook' && verifiedProviders?.has(provider) === true) {
      changes.awaiting.push({ deliveryId, provider, providerOrderId })
      return settleAs({ outcome: 'awaiting_verification' }, order)
    }
    const mustWait =
      refundApproval !== undefined && needsApproval(refundApproval, account.currency, decision.order.refunded)
    const review = reasonNotToPay(verification, order, decision) ?? (mustWait ? NEEDS_APPROVAL : undefined)
    if (review !== undefined) return settleAs({ outcome: 'review', review }, order)
  }

  // A review instead of the database's rejection, which would fail the registration that applies a parked delivery.
  if (account.balance + decision.refund > BALANCE_MAX) {
    return settleAs({ outcome: 'review', review: 'balance_limit' }, order)
  }

  const { outcome, refund, review } = decision
  const next: Order = { ...order, ...decision.order, updatedAt: working.at }
  const { event } = recordUpdate(working, changes, order, next, newId)
  return settleAs(
    { outcome, event, ...(review === undefined ? {} : { review }), ...(refund === 0n ? {} : { refund }) },
    next,
  )
}

/**
 * Whether an update would only revert the order: a later change has replaced the status that it reports, as it would have if the update
 * had been applied when the provider reported it. A final status is never replaced, and refunds do not depend on the order of arrival.
 */
function isOutdated({ isOvertaken, askedAt }: Delivery, { status }: StatusUpdate, { updatedAt }: Order): boolean {
  const hasChangedSince = isOvertaken === true || (askedAt !== undefined && updatedAt >= askedAt)
  return hasChangedSince && isOutdatedStatus(status)
}

/** Whether a later update or decision makes this status meaningless. */
export const isOutdatedStatus = (status: StatusUpdate['status']): boolean =>
  status === 'failed' || OPEN_STATUSES.some((open) => open === status)

/** @returns the result of a decision that changes nothing. */
function toResult(decision: Exclude<Decision, ChangingDecision>, { quantity, runs }: Order): SettledResult {
  if (decision.outcome !== 'review') return { outcome: decision.outcome }
  const { review, readings } = decision
  if (readings === undefined) return { outcome: 'review', review }
  const [ofAllRuns, ofOneRun] = [formatMoney(readings.ofAllRuns), formatMoney(readings.ofOneRun)]
  const reviewDetail = `due in all: ${ofAllRuns} of ${runs} × ${quantity}, ${ofOneRun} of one run of ${quantity}`
  return { outcome: 'review', review, reviewDetail }
}

/** Records a delivery whose changes the database rejects, with a review. */
export function rejectDelivery(
  working: WorkingSet,
  changes: ChangeSet,
  delivery: Delivery,
  newId: NewId,
): DeliveryResult {
  if (isSettled(working, delivery)) return { outcome: 'duplicate' }
  const { provider, update } = delivery
  const order = update && working.ordersByProviderOrder.get(providerOrderKey({ ...update, provider }))
  return settle(working, changes, delivery, { outcome: 'review', review: 'rejected_by_database' }, newId, { order })
}

/** Whether a delivery is a duplicate. A verified one is a duplicate when its row no longer awaits verification. */
function isSettled({ settledDeliveryIds, awaitingDeliveryIds }: WorkingSet, delivery: Delivery): boolean {
  const { deliveryId, verification } = delivery
  if (verification !== undefined) return !awaitingDeliveryIds.has(deliveryId)
  return settledDeliveryIds.has(deliveryId)
}

/** Why an update must not be refunded; undefined when it may, because it was verified or needs no verification. */
function reasonNotToPay(
  verification: Delivery['verification'],
  order: Order,
  decision: ChangingDecision,
): ReviewReason | undefined {
  if (verification === undefined) return undefined
  if (verification === null) return 'not_verified'
  if (verification === 'unknown_order') return 'unknown_to_provider'
  if (verification.update.problem === 'provider_error') return 'unknown_to_provider'
  return isVerified(order, decision, verification.update) ? undefined : 'provider_disagrees'
}

type SettledResult = DeliveryResult & { outcome: Exclude<DeliveryResult['outcome'], 'duplicate'> }

/**
 * Records a delivery with its outcome, and a review when a person must decide.
 *
 * @param options.order to which it belongs; undefined when there is none.
 * @param options.waits whether the delivery is applied later.
 */
export function settle(
  working: WorkingSet,
  changes: ChangeSet,
  delivery: Delivery,
  result: SettledResult,
  newId: NewId,
  { order, waits = isUndecided(result) }: { order?: Order | undefined; waits?: boolean } = {},
): DeliveryResult {
  const { deliveryId, verification } = delivery
  working.settledDeliveryIds.add(deliveryId)
  working.awaitingDeliveryIds.delete(deliveryId)
  if (verification !== undefined) changes.verified.push({ deliveryId, verification })
  const { outcome, review: reason = null, refund } = result
  changes.deliveries.push({ ...delivery, outcome, reason, waits, order, refund })
  if (result.review !== undefined) {
    changes.reviews.push({
      reviewId: newId(),
      orderId: order?.orderId ?? null,
      deliveryId,
      reason: result.review,
      detail: result.reviewDetail,
    })
  }
  return result
}

/** Whether a verification, or a person's approval, is still to come. */
const isUndecided = ({ outcome, review }: SettledResult): boolean =>
  outcome === 'awaiting_verification' || review === NEEDS_APPROVAL
