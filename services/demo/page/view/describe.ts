import { statusText } from '@paxyo/contracts/data'
import type { Notice } from '../state/notices.ts'
import type { Toast } from '../state/toasts.ts'
import { formatMoneyText, formatNumber, orderNumber } from './format.ts'

export interface Description {
  readonly title: string
  readonly text: string
  /** Selects the colour of its mark. */
  readonly tone: string
}

export function describeNotice(notice: Notice): Description {
  if (notice.kind === 'balance') {
    const { balance, currency } = notice.account
    return { title: 'Balance changed', text: `It is ${formatMoneyText(balance, currency)} now.`, tone: 'balance' }
  }
  const { order } = notice
  const text = `${order.service} #${orderNumber(order)}`
  if (notice.kind === 'registered') return { title: 'New order', text, tone: 'pending' }
  const label = statusText(order.status)
  const { refund } = notice
  if (refund === undefined) return { title: label, text, tone: order.status }
  const money = formatMoneyText(refund.amount, refund.currency)
  return { title: `${label}, ${money} refunded`, text, tone: order.status }
}

export function describeToast(toast: Toast): Description {
  if (toast.kind === 'notice') return describeNotice(toast.notice)
  const text = toast.refunds === 0 ? 'No money moved.' : `${formatNumber(toast.refunds)} with a refund.`
  return { title: `${formatNumber(toast.count)} changes`, text, tone: 'balance' }
}
