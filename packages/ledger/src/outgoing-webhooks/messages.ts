import type { Change, OrderChange } from '../change-feed/change.ts'

/** The webhook for a change. */
export interface Message {
  /** Which of them an endpoint gets is up to its types. */
  readonly type: Change['type'] | 'refund.paid'
  /** Messages of one subject are sent one after the other. */
  readonly subject: string
  readonly body: string
}

/** What the subject of an order's message begins with. */
export const ORDER_SUBJECT = 'order '

/** Messages that carry the whole state: a newer one of the same subject makes an older one superfluous. */
export const SUPERSEDING_TYPES: readonly Message['type'][] = ['order.updated', 'account.updated']

/** The messages for a change, of the given types. An update with a refund has two. */
export function messagesFor(change: Change, types: ReadonlySet<string>): Message[] {
  const messages = [stateMessage(change)]
  if ('refund' in change && change.refund !== undefined) messages.push(refundMessage(change, change.refund))
  return messages.filter(({ type }) => types.has(type))
}

function stateMessage(change: Change): Message {
  const { position: _position, type, at, ...data } = change
  return { type, subject: subjectOf(change), body: toBody(type, at, data) }
}

function refundMessage(change: OrderChange, refund: NonNullable<OrderChange['refund']>): Message {
  const { at, userId, seq, order, previousStatus, account } = change
  const { refundId, amount, currency } = refund
  const { orderId, provider, providerOrderId } = order
  const refunded = { refundId, orderId, provider, providerOrderId, userId, amount, currency }
  const after = { orderRefunded: order.refunded, balanceAfter: account.balance, at, seq, order, previousStatus }
  return { type: 'refund.paid', subject: subjectOf(change), body: toBody('refund.paid', at, { ...refunded, ...after }) }
}

function subjectOf(change: Change): string {
  if (!('order' in change)) return `account ${change.userId}`
  if ('review' in change && change.order === null) return `review ${change.review.reviewId}`
  return `${ORDER_SUBJECT}${change.order!.orderId}`
}

const toBody = (type: string, timestamp: string, data: object): string => JSON.stringify({ type, timestamp, data })
