import { OPERATIONS_ROWS_MAX, type OperationsBatch, type OperationsRow } from '@paxyo/contracts'
import { formatMoney, type Money } from '@paxyo/order-core'
import type { ChangeSet, DeliveryRow } from '../model/change-set.ts'

/**
 * What the operator's console receives of a committed change set.
 *
 * @returns undefined when there is nothing in it to show: no delivery, no refund, no review.
 */
export function toOperationsBatch(changes: ChangeSet): OperationsBatch | undefined {
  const { at, deliveries, reviews, resolvedReviewIds } = changes
  const refunds = sumRefunds(changes)
  const isEmpty = deliveries.length + refunds.length + reviews.length + resolvedReviewIds.length === 0
  if (isEmpty || at === undefined) return undefined
  const outcomes: OperationsBatch['outcomes'] = {}
  const providers: Record<string, number> = {}
  for (const { outcome, provider } of deliveries) {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    providers[provider] = (providers[provider] ?? 0) + 1
  }
  return {
    type: 'batch',
    at: at.toISOString(),
    outcomes,
    providers,
    refunds,
    reviews: { opened: reviews.length, resolved: resolvedReviewIds.length },
    rows: deliveries.slice(0, OPERATIONS_ROWS_MAX).map((delivery) => toRow(changes, delivery)),
  }
}

function sumRefunds({ entries, accounts }: ChangeSet): OperationsBatch['refunds'] {
  const sums = new Map<string, { amount: Money; count: number }>()
  for (const entry of entries) {
    if (entry.kind !== 'refund') continue
    const { currency } = accounts.get(entry.userId)!
    const { amount, count } = sums.get(currency) ?? { amount: 0n, count: 0 }
    sums.set(currency, { amount: amount + entry.amount, count: count + 1 })
  }
  return [...sums].map(([currency, { amount, count }]) => ({ currency, amount: formatMoney(amount), count }))
}

function toRow(
  { accounts }: ChangeSet,
  { deliveryId, provider, update, outcome, reason, order, refund, receivedAt }: DeliveryRow,
): OperationsRow {
  return {
    deliveryId,
    provider,
    providerOrderId: update?.providerOrderId ?? null,
    orderId: order?.orderId ?? null,
    userId: order?.userId ?? null,
    outcome,
    reason,
    reported: update?.word ?? update?.status ?? null,
    status: order?.status ?? null,
    refund: refund === undefined ? null : formatMoney(refund),
    currency: refund === undefined ? null : accounts.get(order!.userId)!.currency,
    receivedAt: receivedAt.toISOString(),
  }
}
