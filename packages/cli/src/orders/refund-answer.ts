import type { OrderFile } from './read-order-file.ts'

/** Answers "where is this order's refund?" in a sentence or two. */
export function refundAnswer({ order, account, refunds, reviews, events, deliveries }: OrderFile): string {
  const { currency } = account
  const newest = refunds.at(-1)
  const waiting = events.some(({ isWaiting }) => isWaiting)
  const told = waiting ? ' Its event waits in the outbox to be published.' : ''
  if (newest !== undefined) {
    const times = refunds.length === 1 ? 'on' : `in ${refunds.length} parts, the last on`
    return `${order.refunded} of ${order.charge} ${currency} was refunded to ${order.userId} ${times} ${newest.at}.${told}`
  }
  const open = reviews.find(({ resolvedAt }) => resolvedAt === null)
  if (open !== undefined)
    return `Nothing was refunded: a person must look at it first (review ${open.reviewId}, ${open.reason}).`
  if (order.charge === '0') return 'Nothing was refunded: the order was free.'
  switch (order.status) {
    case 'completed':
      return 'Nothing was refunded: the provider says that it delivered everything.'
    case 'partial':
      return 'Nothing was refunded: the provider says that nothing remains.'
    case 'failed':
      return 'Nothing was refunded: a failed order is refunded once the provider cancels it.'
    case 'canceled':
      return 'It is canceled, but there is no refund: run paxyo audit.'
    default:
      return deliveries.length === 0
        ? 'Nothing was refunded: the provider has said nothing about it yet.'
        : `Nothing was refunded: the provider is still working on it (${order.status}).`
  }
}
