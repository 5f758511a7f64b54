import type { OrderStatus, TotalsView } from '@paxyo/contracts'
import { formatMoney, type Money, type OrderState } from '@paxyo/order-core'

/** All orders of an account in numbers; kept with the account, so that no page has to add them up. */
export interface Totals {
  /** The sum of all refunds, including those of the system from which orders were imported. */
  readonly refunded: Money
  /** The number of orders in each status; a status without orders is left out. */
  readonly orders: Readonly<Partial<Record<OrderStatus, number>>>
}

export const NO_TOTALS: Totals = { refunded: 0n, orders: {} }

/** The totals after a change of an order; `before` is undefined when the order is new. */
export function withOrder(
  { refunded, orders }: Totals,
  before: Pick<OrderState, 'status' | 'refunded'> | undefined,
  next: Pick<OrderState, 'status' | 'refunded'>,
): Totals {
  if (before?.status === next.status && before.refunded === next.refunded) return { refunded, orders }
  const counts = { ...orders }
  if (before !== undefined) {
    const left = (counts[before.status] ?? 0) - 1
    // Fewer than none: a former version has imported orders without counting them, which `paxyo audit` reports
    // and `paxyo maintain --recount-totals` corrects.
    if (left <= 0) delete counts[before.status]
    else counts[before.status] = left
  }
  counts[next.status] = (counts[next.status] ?? 0) + 1
  return { refunded: refunded + next.refunded - (before?.refunded ?? 0n), orders: counts }
}

export const totalsView = ({ refunded, orders }: Totals): TotalsView => ({ refunded: formatMoney(refunded), orders })
