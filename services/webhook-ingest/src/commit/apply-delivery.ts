import { encodeEvent, userChannel, type OrderEvent, type OrderView } from '@paxyo/contracts'
import {
  decide,
  formatMoney,
  isConfirmed,
  movesMoney,
  type ChangingDecision,
  type Money,
  type ReviewReason,
} from '@paxyo/order-core'
import type { Delivery, DeliveryResult } from '../webhook/delivery.ts'
import type { Account, Books, Order } from './books.ts'
import type { Changes } from './changes.ts'

/** Makes an id that no other process makes; ids sort by the time they were made. */
export type NewId = () => string

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

  const { outcome, refund, review } = decision
  const next: Order = { ...order, ...decision.order, updatedAt: books.at }
  const refundId = refund > 0n ? newId() : undefined
  const paid: Account = { ...account, balance: account.balance + refund, lastSeq: account.lastSeq + 1 }
  if (refundId !== undefined) {
    changes.refunds.push({
      entryId: refundId,
      userId: order.userId,
      orderId: order.orderId,
      amount: refund,
      balanceAfter: paid.balance,
      refundedBefore: order.refunded,
      refundedAfter: next.refunded,
    })
  }
  record(books, changes, next, paid, {
    event: 'order.updated',
    order: orderView(next, paid.currency),
    ...(refundId === undefined ? {} : { refund: { refundId, amount: formatMoney(refund), currency: paid.currency } }),
  })
  return settle(books, changes, delivery, { outcome, ...withReview(review), ...withRefund(refund) }, newId, next)
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

/** Notes an order that was registered just now, as its user's next event. */
export function recordRegistration(books: Books, changes: Changes, order: Order, account: Account): void {
  changes.registeredOrderIds.add(order.orderId)
  record(
    books,
    changes,
    order,
    { ...account, lastSeq: account.lastSeq + 1 },
    {
      event: 'order.registered',
      order: orderView(order, account.currency),
    },
  )
}

/** An order as its user sees it. */
export function orderView(order: Order, currency: string): OrderView {
  return {
    orderId: order.orderId,
    providerOrderId: order.providerOrderId,
    service: order.service,
    link: order.link,
    quantity: order.quantity,
    charge: formatMoney(order.charge),
    currency,
    status: order.status,
    remains: order.remains,
    startCount: order.startCount,
    refunded: formatMoney(order.refunded),
    updatedAt: order.updatedAt.toISOString(),
  }
}

type OrderEventBody =
  | Pick<Extract<OrderEvent, { event: 'order.registered' }>, 'event' | 'order'>
  | Pick<Extract<OrderEvent, { event: 'order.updated' }>, 'event' | 'order' | 'refund'>

/** Brings the books forward and appends an event to the user's stream, at the account's new seq. */
export function record(books: Books, changes: Changes, order: Order, account: Account, body: OrderEventBody): void {
  books.ordersByProviderOrderId.set(order.providerOrderId, order)
  books.accountsByUserId.set(account.userId, account)
  changes.orders.set(order.orderId, order)
  changes.accounts.set(account.userId, account)

  const { userId, lastSeq: seq, currency } = account
  const payload = encodeEvent({
    type: 'event',
    seq,
    ...body,
    at: books.at.toISOString(),
    account: { balance: formatMoney(account.balance), currency },
  })
  changes.events.push({ userId, seq, channel: userChannel(userId), payload })
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
