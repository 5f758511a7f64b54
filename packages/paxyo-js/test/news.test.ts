import { expect, test } from '@jest/globals'
import type { OrderView } from '@paxyo/browser-client'
import { createFormat, toMessages } from '@paxyo/browser-client/format'
import { isNews, mergeByOrder, toBalanceToast, toOrderToast, toSummaryToast, type Writer } from '../src/news.ts'
import { createToastQueue } from '../src/toast-queue.ts'
import type { Toast } from '../src/toasts.ts'
import { setTimeout as sleep } from 'node:timers/promises'

const messages = toMessages('en')
const writer: Writer = { messages, format: createFormat('en', messages), direction: 'ltr' }
const order = (orderId: string, status: OrderView['status'] = 'canceled'): OrderView => ({
  orderId,
  providerOrderId: '1',
  service: 'Followers',
  link: 'https://example.com',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
  status,
  remains: null,
  startCount: null,
  refunded: '0',
  updatedAt: '2026-11-22T18:00:00.000Z',
})
const usd = (amount: string) => ({ refundId: amount, amount, currency: 'USD' })

test('another status and money are news, a few followers more are not', () => {
  const news = { order: order('A', 'in_progress'), refund: undefined }
  expect(isNews(news, 'pending')).toBe(true)
  expect(isNews(news, undefined)).toBe(true)
  expect(isNews(news, 'in_progress')).toBe(false)
  expect(isNews({ ...news, refund: usd('1') }, 'in_progress')).toBe(true)
})

test('a toast says what became of the order, and what was paid back', () => {
  expect(toOrderToast({ order: order('A'), refund: usd('0.75') }, writer)).toEqual({
    key: 'order A',
    tone: 'mixed',
    title: 'Order A',
    text: 'Canceled · $0.75 refunded',
    service: 'Followers',
    link: 'https://example.com',
  })
  expect(toOrderToast({ order: order('A', 'completed'), refund: undefined }, writer).text).toBe('Completed')
  expect(toBalanceToast({ balance: '10', currency: 'USD' }, writer).title).toBe('Balance: $10.00')
})

test('from right to left, the unit of each amount stays on its side', () => {
  const arabic = { ...writer, messages: toMessages('ar'), format: createFormat('ar', toMessages('ar')) } as const
  const refund = { refundId: '1', amount: '10.1', currency: 'USDT' }
  expect(arabic.format.money('10.1', 'USDT')).toMatch(/^\u2068.*USDT\u2069$/)
  const { text } = toSummaryToast([{ order: order('A'), refund }], { ...arabic, direction: 'rtl' })
  expect(text).toContain(arabic.format.money('10.1', 'USDT'))
})

test('an order that changed twice is told of once, with all of its money', () => {
  const merged = mergeByOrder([
    { order: order('A', 'partial'), refund: usd('0.75') },
    { order: order('B', 'completed'), refund: undefined },
    { order: order('A'), refund: usd('1.75') },
    { order: order('A'), refund: undefined },
  ])
  expect(merged).toMatchObject([
    { order: { orderId: 'A', status: 'canceled' }, refund: { amount: '2.5' } },
    { order: { orderId: 'B' }, refund: undefined },
  ])
})

test('many orders are one toast, with the sum of what was paid in each currency', () => {
  const news = [
    { order: order('A'), refund: usd('0.1') },
    { order: order('B'), refund: usd('0.2') },
    { order: order('C'), refund: { amount: '5', currency: 'EUR' } },
    { order: order('D'), refund: undefined },
  ]
  expect(toSummaryToast(news, writer)).toMatchObject({ title: 'Orders updated: 4', text: '$0.30 + €5.00 refunded' })
  expect(toSummaryToast([news[3]!], writer).text).toBe('')
})

test('the toast queue: up to three orders one by one, more as one, and on with that one while it is shown', async () => {
  const shown: Toast[] = []
  const visible = new Set<string>()
  const toasts = {
    show: (toast: Toast) => void (shown.push(toast), visible.add(toast.key)),
    has: (key: string) => visible.has(key),
  }
  const toastQueue = createToastQueue({ toasts, writer })
  const publish = async (...ids: string[]) => {
    shown.length = 0
    for (const id of ids) toastQueue.order({ order: order(id), refund: usd('1') })
    await sleep(300)
    return shown.map(({ title, text }) => `${title}: ${text}`)
  }
  expect(await publish('A', 'B', 'C')).toHaveLength(3)
  expect(await publish('A', 'B', 'C', 'D')).toEqual(['Orders updated: 4: $4.00 refunded'])
  expect(await publish('A', 'E')).toEqual(['Orders updated: 5: $6.00 refunded'])
  visible.clear()
  expect(await publish('A')).toEqual(['Order A: Canceled · $1.00 refunded'])
})

test('a toast about a status that is not known is a plain one', () => {
  const news = { order: order('A', 'in_review'), refund: undefined }
  expect(toOrderToast(news, writer)).toMatchObject({ tone: 'plain', text: 'In review' })
})
