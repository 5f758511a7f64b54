import type { AccountView, OrderEvent, OrderView } from '@paxyo/contracts'
import type { ConnectionState } from './stream.ts'

const STATUS_LABELS: Record<OrderView['status'], string> = {
  pending: 'Pending',
  processing: 'Processing',
  in_progress: 'In progress',
  completed: 'Completed',
  partial: 'Partial',
  canceled: 'Canceled',
  failed: 'Failed',
}

const STATE_LABELS: Record<ConnectionState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  ended: 'Disconnected. Reload the page to sign in again.',
}

const NOTIFICATION_MS = 8_000
const NOTIFICATIONS_MAX = 5

const byId = (id: string): HTMLElement => document.getElementById(id)!

export function showState(state: ConnectionState): void {
  const pill = byId('connection')
  pill.dataset['state'] = state
  pill.textContent = STATE_LABELS[state]
}

export function showAccount(account: AccountView | undefined): void {
  byId('balance').textContent = account === undefined ? '–' : `${account.balance} ${account.currency}`
}

export function showOrders(orders: readonly OrderView[]): void {
  byId('orders').replaceChildren(...orders.map((order) => toRow(order)))
  byId('empty').hidden = orders.length > 0
}

/** Puts an order's row in its place: where it stood before, or on top when it is new. */
export function showOrder(order: OrderView): void {
  const row = toRow(order)
  row.classList.add('changed')
  const old = document.querySelector(`[data-order-id="${CSS.escape(order.orderId)}"]`)
  if (old === null) byId('orders').prepend(row)
  else old.replaceWith(row)
  byId('empty').hidden = true
}

export function notify(event: OrderEvent): void {
  const { title, text } = describe(event)
  const item = element('li')
  item.append(element('strong', title), text)
  const list = byId('notifications')
  list.append(item)
  while (list.children.length > NOTIFICATIONS_MAX) list.firstElementChild!.remove()
  setTimeout(() => item.remove(), NOTIFICATION_MS)
}

function describe(event: OrderEvent): { title: string; text: string } {
  if (event.event === 'account.updated') {
    return { title: 'Balance changed', text: `It is ${event.account.balance} ${event.account.currency} now.` }
  }
  const { order } = event
  const title = `Order ${order.providerOrderId}: ${STATUS_LABELS[order.status]}`
  if (event.event === 'order.registered')
    return { title: `Order ${order.providerOrderId} registered`, text: order.service }
  if (event.refund === undefined) return { title, text: order.service }
  return { title, text: `${event.refund.amount} ${event.refund.currency} refunded.` }
}

function toRow(order: OrderView): HTMLTableRowElement {
  const row = element('tr')
  row.dataset['orderId'] = order.orderId
  const service = element('td', order.service)
  service.append(element('span', order.link, 'secondary'))
  const status = element('td')
  const badge = element('span', STATUS_LABELS[order.status], 'status')
  badge.dataset['status'] = order.status
  status.append(badge)
  row.append(
    element('td', order.providerOrderId),
    service,
    numberCell('Quantity', String(order.quantity)),
    numberCell('Remains', order.remains === null ? '–' : String(order.remains)),
    numberCell('Charge', `${order.charge} ${order.currency}`),
    numberCell('Refunded', order.refunded === '0' ? '–' : `${order.refunded} ${order.currency}`),
    status,
  )
  return row
}

function numberCell(label: string, text: string): HTMLElement {
  const cell = element('td', text, 'number')
  cell.dataset['label'] = label
  return cell
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  text = '',
  className = '',
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag)
  created.textContent = text
  if (className !== '') created.className = className
  return created
}
