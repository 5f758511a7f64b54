import { encodeEvent, userChannel, type OrderEvent, type OrderView, type RefundView } from '@paxyo/contracts'
import { formatMoney } from '@paxyo/order-core'
import type { NewId } from '../model/new-id.ts'
import type { Account, Books, Order } from '../model/working-set.ts'
import type { Changes } from '../model/change-set.ts'

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

/**
 * Notes what became of an order as its user's next event, and pays back by how much `refunded` has grown. Every refund
 * goes through here.
 *
 * @returns the refund as its user sees it, if there is one.
 */
export function recordUpdate(
  books: Books,
  changes: Changes,
  before: Order,
  next: Order,
  newId: NewId,
): RefundView | undefined {
  const account = books.accountsByUserId.get(next.userId)!
  const amount = next.refunded - before.refunded
  const paid: Account = { ...account, balance: account.balance + amount, lastSeq: account.lastSeq + 1 }
  const order = orderView(next, paid.currency)
  if (amount === 0n) {
    record(books, changes, next, paid, { event: 'order.updated', order })
    return undefined
  }
  const refund = { refundId: newId(), amount: formatMoney(amount), currency: paid.currency }
  changes.entries.push({
    kind: 'refund',
    entryId: refund.refundId,
    userId: next.userId,
    orderId: next.orderId,
    amount,
    balanceAfter: paid.balance,
    refundedBefore: before.refunded,
    refundedAfter: next.refunded,
  })
  record(books, changes, next, paid, { event: 'order.updated', order, refund })
  return refund
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
function record(books: Books, changes: Changes, order: Order, account: Account, body: OrderEventBody): void {
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
