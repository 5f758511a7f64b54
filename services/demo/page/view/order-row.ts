import type { OrderView } from '@paxyo/browser-client'
import { progressOf } from '../state/order-list.ts'
import { t } from '../text/language.ts'
import { element, setText } from './element.ts'
import {
  formatMoneyText,
  formatNumber,
  formatPercent,
  formatStatus,
  monogram,
  orderNumber,
  shortLink,
} from './format.ts'
import { showMoney } from './money-text.ts'
import { setTime } from './time-ago.ts'

/** An order's row in the table, on a phone its card. */
export interface OrderRow {
  readonly root: HTMLTableRowElement
  show(order: OrderView): void
  setSelected(isSelected: boolean): void
  /** Highlights the row for a moment. */
  flash(): void
}

const NONE = '–'

/** @param isSelectable whether the page has actions for a selected order. */
export function createOrderRow(first: OrderView, isSelectable: boolean): OrderRow {
  const root = element('tr', { role: 'row', data: { orderId: first.orderId } })
  const id = element(isSelectable ? 'button' : 'span', { className: 'order-id', text: `#${orderNumber(first)}` })
  if (id instanceof HTMLButtonElement) id.type = 'button'
  const service = element('span', { className: 'service-name' })
  service.dir = 'auto'
  const link = element('span', { className: 'service-link' })
  const tile = element('span', { className: 'monogram' })
  tile.ariaHidden = 'true'
  const badge = element('span', { className: 'badge' })
  const bar = element('progress', { label: t('deliveredOf', { order: orderNumber(first) }) })
  bar.max = 1
  const delivered = element('span', { className: 'delivered' })
  const figure = (label: string): HTMLElement => element('td', { role: 'cell', className: 'number', data: { label } })
  const quantity = figure(t('quantity'))
  const startCount = figure(t('startCount'))
  const remains = figure(t('remains'))
  const charge = figure(t('charge'))
  const refunded = figure(t('refunded'))
  const updated = element('time')

  const text = element(
    'div',
    { className: 'service-text' },
    service,
    element('span', { className: 'order-origin' }, id, ' ', link),
  )
  root.append(
    element('td', { role: 'cell', className: 'service' }, tile, text),
    element('td', { role: 'cell', className: 'status' }, badge),
    element('td', { role: 'cell', className: 'progress' }, bar, delivered),
    quantity,
    startCount,
    remains,
    charge,
    refunded,
    element('td', { role: 'cell', className: 'updated', data: { label: t('updated') } }, updated),
  )

  const row: OrderRow = {
    root,
    show(order) {
      setText(service, order.service)
      setText(tile, monogram(order.service))
      showLink(link, order.link)
      badge.dataset['status'] = order.status
      setText(badge, formatStatus(order.status))
      const progress = progressOf(order)
      bar.value = progress ?? 0
      bar.dataset['status'] = order.status
      setText(delivered, progress === undefined ? NONE : formatPercent(progress))
      setText(quantity, formatNumber(order.quantity))
      setText(startCount, order.startCount === null ? NONE : formatNumber(order.startCount))
      setText(remains, order.remains === null ? NONE : formatNumber(order.remains))
      showMoney(charge, formatMoneyText(order.charge, order.currency))
      showMoney(refunded, order.refunded === '0' ? NONE : formatMoneyText(order.refunded, order.currency))
      refunded.classList.toggle('has-refund', order.refunded !== '0')
      setTime(updated, order.updatedAt)
    },
    setSelected(isSelected) {
      root.classList.toggle('selected', isSelected)
      if (isSelectable) id.ariaPressed = String(isSelected)
    },
    flash() {
      // Two names of the same animation: changing the name restarts it.
      root.dataset['flash'] = root.dataset['flash'] === 'a' ? 'b' : 'a'
    },
  }
  row.show(first)
  row.setSelected(false)
  return row
}

/** Only web URLs become links: an order's link may be any text. */
function showLink(holder: HTMLElement, link: string): void {
  const text = shortLink(link)
  if (holder.textContent === text) return
  if (!/^https?:\/\//i.test(link)) {
    holder.textContent = text
    return
  }
  const anchor = element('a', { text })
  anchor.href = link
  anchor.target = '_blank'
  anchor.rel = 'noopener noreferrer nofollow'
  holder.replaceChildren(anchor)
}
