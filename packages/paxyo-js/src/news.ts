import type { AccountView, OrderView, RefundView } from '@paxyo/browser-client'
import { addMoney, fill, type Format, type Messages } from '@paxyo/browser-client/format'
import type { OrderStatus } from '@paxyo/contracts/data'
import type { Toast } from './toasts.ts'

type Money = Pick<RefundView, 'amount' | 'currency'>

/** A change of an order that is worth a toast. */
export interface OrderNews {
  readonly order: OrderView
  readonly refund: Money | undefined
}

/** Texts and formats for toasts. */
export interface Writer {
  readonly messages: Messages
  readonly format: Format
  readonly direction: 'ltr' | 'rtl'
}

/** More changed orders than this at once become one toast. */
export const SINGLE_NEWS_MAX = 3
/** The key of that toast. */
export const SUMMARY_KEY = 'orders'

/** The tone of a status; others are plain. */
const TONES = new Map<string, Toast['tone']>([
  ['completed', 'good'],
  ['partial', 'mixed'],
  ['canceled', 'mixed'],
  ['failed', 'bad'],
] satisfies [OrderStatus, Toast['tone']][])

/**
 * Whether a change is worth a toast: a new status, or a refund. Progress is not.
 *
 * @param before the previous status, if it is known.
 */
export function isNews({ order, refund }: OrderNews, before: string | null | undefined): boolean {
  return refund !== undefined || order.status !== before
}

/** Merges the changes of each order: its latest state, and the sum of its refunds. */
export function mergeByOrder(news: readonly OrderNews[]): OrderNews[] {
  const byOrderId = new Map<string, OrderNews>()
  for (const { order, refund } of news) {
    const earlier = byOrderId.get(order.orderId)?.refund
    const both = refund && earlier && { ...refund, amount: addMoney([earlier.amount, refund.amount]) }
    byOrderId.set(order.orderId, { order, refund: both ?? refund ?? earlier })
  }
  return [...byOrderId.values()]
}

export function toOrderToast({ order, refund }: OrderNews, { messages, format, direction }: Writer): Toast {
  const status = format.status(order.status)
  const paid =
    refund && fill(messages.refunded, { amount: format.shortMoney(refund.amount, refund.currency) }, direction)
  return {
    key: `order ${order.orderId}`,
    tone: TONES.get(order.status) ?? 'plain',
    title: fill(messages.order, { order: order.orderId }, direction),
    text: paid === undefined ? status : `${status} · ${paid}`,
    service: order.service,
    link: order.link,
  }
}

/** One toast for many orders, with the sum of their refunds per currency. */
export function toSummaryToast(news: readonly OrderNews[], { messages, format, direction }: Writer): Toast {
  const paidByCurrency = new Map<string, string>()
  for (const { refund } of news) {
    if (refund === undefined) continue
    const { amount, currency } = refund
    paidByCurrency.set(currency, addMoney([paidByCurrency.get(currency) ?? '0', amount]))
  }
  const amount = [...paidByCurrency].map(([currency, paid]) => format.shortMoney(paid, currency)).join(' + ')
  return {
    key: SUMMARY_KEY,
    tone: 'plain',
    title: fill(messages.orders, { count: format.count(news.length) }, direction),
    text: amount === '' ? '' : fill(messages.refunded, { amount }, direction),
  }
}

export function toBalanceToast({ balance, currency }: AccountView, { messages, format, direction }: Writer): Toast {
  const title = fill(messages.balance, { amount: format.shortMoney(balance, currency) }, direction)
  return { key: 'balance', tone: 'plain', title, text: '' }
}
