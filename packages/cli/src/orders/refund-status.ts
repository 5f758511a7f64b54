import type { OrderFile } from './read-order-file.ts'

/** Explains in a sentence or two where an order's refund is. */
export function refundStatus({ order, account, refunds, reviews, events, deliveries }: OrderFile): string {
  const { currency } = account
  const newest = refunds.at(-1)
  const waiting = events.some(({ isWaiting }) => isWaiting)
  const note = waiting ? ' Its event is in the outbox and not yet published.' : ''
  if (newest !== undefined) {
    const times = refunds.length === 1 ? 'on' : `in ${refunds.length} refunds, the last on`
    return `${order.refunded} of ${order.charge} ${currency} was refunded to ${order.userId} ${times} ${newest.at}.${note}`
  }
  const open = reviews.find(({ resolvedAt }) => resolvedAt === null)
  if (open !== undefined)
    return `Nothing was refunded: a person must decide first (review ${open.reviewId}, ${open.reason}).`
  if (order.charge === '0') return 'Nothing was refunded: the order was free.'
  switch (order.status) {
    case 'completed':
      return 'Nothing was refunded: the provider reports that it delivered everything.'
    case 'partial':
      return 'Nothing was refunded: the provider reports that nothing remains.'
    case 'failed':
      return 'Nothing was refunded: a failed order is refunded once the provider cancels it.'
    case 'canceled':
      return 'The order is canceled, but has no refund: run paxyo audit.'
    default:
      if (order.providerOrderId === null) return 'Nothing was refunded: the order has no provider order yet.'
      return deliveries.length === 0
        ? 'Nothing was refunded: the provider has not sent an update yet.'
        : `Nothing was refunded: the provider has not finished the order (${order.status}).`
  }
}
