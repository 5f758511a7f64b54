import type { ReconcileReport } from '@paxyo/ledger'

/** A report for a person to read. */
export function reportLines(report: ReconcileReport): string[] {
  const { askedCount, outcomes, refunds, reviews, unknown, unanswered, stoppedBy, left } = report
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`)
  const list = (what: string, orderIds: readonly string[]): string[] =>
    orderIds.length === 0 ? [] : [`${what}: ${orderIds.join(', ')}`]
  return [
    `asked about: ${askedCount}${counts.length === 0 ? '' : ` (${counts.join(', ')})`}`,
    ...refunds.map(({ orderId, amount }) => `refunded: ${orderId} ${amount}`),
    ...reviews.map(({ orderId, reason }) => `review: ${orderId} ${reason}`),
    ...list('not registered', unknown),
    ...list('without an answer', unanswered),
    ...(stoppedBy === undefined ? [] : [`stopped by ${stoppedBy}; left: ${left.join(', ')}`]),
  ]
}
