import type { ReconcileReport } from '@paxyo/ledger'
import { printable } from '../output/printable.ts'

/** The report as text. */
export function reportLines(report: ReconcileReport): string[] {
  const { askedCount, outcomes, refunds, reviews, unknown, withoutResponse, errors, stoppedBy, left } = report
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`)
  const list = (label: string, orderIds: readonly string[]): string[] =>
    orderIds.length === 0 ? [] : [`${label}: ${orderIds.join(', ')}`]
  return [
    `orders asked about: ${askedCount}${counts.length === 0 ? '' : ` (${counts.join(', ')})`}`,
    ...refunds.map(({ orderId, amount }) => `refunded: ${orderId} ${amount}`),
    ...reviews.map(({ orderId, reason }) => `review: ${orderId} ${reason}`),
    ...list('not registered', unknown),
    ...list('without a response', withoutResponse),
    ...errors.map(
      ({ provider, code, status, message }) =>
        `${printable(provider)}: ${code}${status === null ? '' : ` (HTTP ${status})`}: ${printable(message)}`,
    ),
    ...(stoppedBy === undefined ? [] : [`stopped by ${stoppedBy}; not asked about: ${left.join(', ')}`]),
  ]
}
