import {
  decide,
  isVerified,
  movesMoney,
  NEEDS_APPROVAL,
  needsApproval,
  type ChangingDecision,
  type ReviewReason,
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
 * @returns its result; `undefined` when its order is not in the working set, and then nothing is recorded.
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
    settle(working, changes, delivery, result, newId, at)
  if (update === undefined) return settleAs({ outcome: 'review', review: 'order_id_missing' })

  const { providerOrderId } = update
  const order = working.ordersByProviderOrder.get(providerOrderKey({ provider, providerOrderId }))
  const account = order === undefined ? undefined : working.accountsByUserId.get(order.userId)
  if (order === undefined || account === undefined) return undefined

  const decision = decide(order, update)
  if (!('order' in decision)) return settleAs(decision, order)

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

  // Checked here, because a registration must not fail because of a parked delivery.
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

/** Records a delivery that must wait until its order is registered. */
export function parkDelivery(
  working: WorkingSet,
  changes: ChangeSet,
  delivery: Delivery,
  newId: NewId,
): DeliveryResult {
  return settle(working, changes, delivery, { outcome: 'parked' }, newId)
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
  return settle(working, changes, delivery, { outcome: 'review', review: 'rejected_by_database' }, newId, order)
}

/** A delivery that awaits verification is settled only when the verification is done. */
function isSettled({ settledDeliveryIds, awaitingDeliveryIds }: WorkingSet, delivery: Delivery): boolean {
  const { deliveryId, verification } = delivery
  if (verification !== undefined) return !awaitingDeliveryIds.has(deliveryId)
  return settledDeliveryIds.has(deliveryId)
}

/** Why a webhook must not refund after its verification. */
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

/** Records a delivery with its outcome, and a review when a person must decide. */
function settle(
  working: WorkingSet,
  changes: ChangeSet,
  delivery: Delivery,
  result: SettledResult,
  newId: NewId,
  order?: Order,
): DeliveryResult {
  const { deliveryId, verification } = delivery
  working.settledDeliveryIds.add(deliveryId)
  working.awaitingDeliveryIds.delete(deliveryId)
  if (verification !== undefined) changes.verified.push({ deliveryId, verification })
  changes.deliveries.push({ ...delivery, outcome: result.outcome, reason: result.review ?? null })
  // A replay of a delivery that was reviewed for the same reason needs no other review.
  if (result.review !== undefined && delivery.replay?.reviewedFor.has(result.review) !== true) {
    changes.reviews.push({ reviewId: newId(), orderId: order?.orderId ?? null, deliveryId, reason: result.review })
  }
  return result
}
