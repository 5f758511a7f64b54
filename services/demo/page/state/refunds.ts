import type { OrderView } from '@paxyo/browser-client'
import { formatMoney, parseMoney, type Money } from './money.ts'

/** A refund to the user. */
export interface RefundEntry {
  readonly refundId: string
  readonly orderId: string
  readonly providerOrderId: string
  readonly service: string
  readonly amount: string
  readonly currency: string
  readonly at: string
}

/**
 * Completes the history from a snapshot, which has the refunded total of each order but not the single refunds: the
 * part that is not known as refunds becomes one entry, at the time of the order's last change.
 *
 * @param known refunds of the same stream, newest first.
 */
export function completeRefunds(known: readonly RefundEntry[], orders: readonly OrderView[]): RefundEntry[] {
  const knownByOrder = new Map<string, Money>()
  for (const { orderId, amount } of known) {
    knownByOrder.set(orderId, (knownByOrder.get(orderId) ?? 0n) + parseMoney(amount))
  }
  const found = orders.flatMap((order): RefundEntry[] => {
    const unknown = parseMoney(order.refunded) - (knownByOrder.get(order.orderId) ?? 0n)
    if (unknown <= 0n) return []
    const { orderId, providerOrderId, service, currency, updatedAt } = order
    const refundId = `${orderId} up to ${order.refunded}`
    return [{ refundId, orderId, providerOrderId, service, amount: formatMoney(unknown), currency, at: updatedAt }]
  })
  return [...found, ...known].toSorted((one, other) => (one.at < other.at ? 1 : one.at > other.at ? -1 : 0))
}

/** The refunded total of orders in the same currency. */
export function totalRefunded(orders: Iterable<OrderView>): string {
  let total = 0n
  for (const { refunded } of orders) total += parseMoney(refunded)
  return formatMoney(total)
}
