import { expect, test } from '@jest/globals'
import { createFormat } from '../src/format.ts'
import { toOrderToast } from '../src/news.ts'
import { toMessages } from '../src/messages.ts'

test('a status is said in the language, and one that is not known is shown as text', () => {
  const format = createFormat('de', toMessages('de'))
  expect(['canceled', 'in_review', 'live', 'order'].map((name) => format.status(name))).toEqual([
    'Storniert',
    'In review',
    'Live',
    'Order',
  ])
})

test('a toast about a status that is not known is a plain one', () => {
  const messages = toMessages('en')
  const order = {
    orderId: 'A-1',
    providerOrderId: '1',
    service: 'Followers',
    link: 'https://example.com',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
    status: 'in_review',
    remains: null,
    startCount: null,
    refunded: '0',
    updatedAt: '2026-11-22T18:00:00.000Z',
  }
  const writer = { messages, format: createFormat('en', messages), direction: 'ltr' } as const
  expect(toOrderToast({ order, refund: undefined }, writer)).toMatchObject({ tone: 'plain', text: 'In review' })
})
