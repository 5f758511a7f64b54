import {
  decide,
  isConfirmed,
  movesMoney,
  type ChangingDecision,
  type Money,
  type ReviewReason,
} from '@paxyo/order-core'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { BALANCE_MAX, type Books, type Order } from '../model/working-set.ts'
import type { Changes } from '../model/change-set.ts'
import { recordUpdate } from '../transaction/record-event.ts'

export interface ApplyRules {
  readonly newId: NewId
  /** Whether a webhook pays only after the provider was asked whether it is true. */
  readonly confirmsMoney?: boolean
}

/**
 * Applies one delivery to the books and notes what must be written.
 *
 * @returns what became of it; `undefined` when its order is not in the books, and nothing was noted then.
 */
export function applyDelivery(
  books: Books,
  changes: Changes,
  delivery: Delivery,
  { newId, confirmsMoney = false }: ApplyRules,
): DeliveryResult | undefined {
  const { update, deliveryId } = delivery
  if (isSettled(books, delivery)) return { outcome: 'duplicate' }
  if (update === undefined)
    return settle(books, changes, delivery, { outcome: 'review', review: 'order_id_missing' }, newId)

  const order = books.ordersByProviderOrderId.get(update.providerOrderId)
  const account = order === undefined ? undefined : books.accountsByUserId.get(order.userId)
  if (order === undefined || account === undefined) return undefined

  const decision = decide(order, update)
  if (!('order' in decision)) return settle(books, changes, delivery, decision, newId, order)

  if (movesMoney(decision)) {
    const { origin = 'webhook', confirmation } = delivery
    if (confirmation === undefined && confirmsMoney && origin === 'webhook') {
      changes.awaited.push({ deliveryId, provider: delivery.provider, providerOrderId: update.providerOrderId })
      return settle(books, changes, delivery, { outcome: 'awaiting_confirmation' }, newId, order)
    }
    const doubt = doubtOf(confirmation, order, decision)
    if (doubt !== undefined) return settle(books, changes, delivery, { outcome: 'review', review: doubt }, newId, order)
  }

  // Its account could not hold it. Found out here, because a registration must not fail for what waited for its order.
  if (account.balance + decision.refund > BALANCE_MAX) {
    const result = { outcome: 'review', review: 'refused_by_database' } as const
    return settle(books, changes, delivery, result, newId, order)
  }

  const { outcome, refund, review } = decision
  const next: Order = { ...order, ...decision.order, updatedAt: books.at }
  recordUpdate(books, changes, order, next, newId)
  const event = { userId: order.userId, seq: books.accountsByUserId.get(order.userId)!.lastSeq }
  const result = { outcome, event, ...withReview(review), ...withRefund(refund) }
  return settle(books, changes, delivery, result, newId, next)
}

/** A delivery that awaited its confirmation is settled for good only once that has come. */
function isSettled({ settledDeliveryIds, awaitingDeliveryIds }: Books, delivery: Delivery): boolean {
  const { deliveryId, confirmation } = delivery
  if (confirmation !== undefined) return !awaitingDeliveryIds.has(deliveryId)
  return settledDeliveryIds.has(deliveryId)
}

/** Why a webhook that was asked about must not pay. */
function doubtOf(
  confirmation: Delivery['confirmation'],
  order: Order,
  decision: ChangingDecision,
): ReviewReason | undefined {
  if (confirmation === undefined) return undefined
  if (confirmation === null) return 'not_confirmed'
  return isConfirmed(order, decision, confirmation.update) ? undefined : 'provider_disagrees'
}

/** Notes a delivery that must wait until its order is registered. */
export function parkDelivery(books: Books, changes: Changes, delivery: Delivery, newId: NewId): DeliveryResult {
  return settle(books, changes, delivery, { outcome: 'parked' }, newId)
}

/** Notes a delivery whose changes the database refuses, so that a person finds it. */
export function refuseDelivery(books: Books, changes: Changes, delivery: Delivery, newId: NewId): DeliveryResult {
  if (isSettled(books, delivery)) return { outcome: 'duplicate' }
  const order = books.ordersByProviderOrderId.get(delivery.update?.providerOrderId ?? '')
  return settle(books, changes, delivery, { outcome: 'review', review: 'refused_by_database' }, newId, order)
}

/** Notes a delivery with its outcome, and a review when somebody must look at it. */
function settle(
  books: Books,
  changes: Changes,
  delivery: Delivery,
  result: DeliveryResult & { outcome: Exclude<DeliveryResult['outcome'], 'duplicate'> },
  newId: NewId,
  order?: Order,
): DeliveryResult {
  const { deliveryId } = delivery
  books.settledDeliveryIds.add(deliveryId)
  books.awaitingDeliveryIds.delete(deliveryId)
  if (delivery.confirmation !== undefined) changes.confirmed.push({ deliveryId, confirmation: delivery.confirmation })
  changes.deliveries.push({ ...delivery, outcome: result.outcome, reason: result.review ?? null })
  // A replay of what somebody was asked to look at before asks for nothing new.
  if (result.review !== undefined && delivery.replay?.reviewedFor.has(result.review) !== true) {
    changes.reviews.push({ reviewId: newId(), orderId: order?.orderId ?? null, deliveryId, reason: result.review })
  }
  return result
}

const withReview = (review: ReviewReason | undefined): { review?: ReviewReason } =>
  review === undefined ? {} : { review }
const withRefund = (refund: Money): { refund?: Money } => (refund === 0n ? {} : { refund })
