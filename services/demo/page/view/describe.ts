import type { Notice } from '../state/notices.ts'
import type { Toast } from '../state/toasts.ts'
import { t } from '../text/language.ts'
import { formatNumber, formatOrder, formatShortMoney, formatStatus } from './format.ts'

export interface Description {
  readonly title: string
  readonly text: string
  /** Selects the colour of its mark. */
  readonly tone: string
}

export function describeNotice(notice: Notice): Description {
  if (notice.kind === 'balance') {
    const { balance, currency } = notice.account
    const amount = formatShortMoney(balance, currency)
    return { title: t('balanceChanged'), text: t('balanceNow', { amount }), tone: 'balance' }
  }
  const { order } = notice
  const text = formatOrder(order)
  if (notice.kind === 'registered') return { title: t('newOrder'), text, tone: 'pending' }
  const status = formatStatus(order.status)
  const { refund } = notice
  if (refund === undefined) return { title: status, text, tone: order.status }
  const amount = formatShortMoney(refund.amount, refund.currency)
  return { title: t('statusRefunded', { status, amount }), text, tone: order.status }
}

export function describeToast(toast: Toast): Description {
  if (toast.kind === 'notice') return describeNotice(toast.notice)
  const text = toast.refunds === 0 ? t('noMoney') : t('manyRefunds', { count: formatNumber(toast.refunds) })
  return { title: t('manyChanges', { count: formatNumber(toast.count) }), text, tone: 'balance' }
}
