import { expect, test } from '@jest/globals'
import type { Review } from '@paxyo/panel-client'
import { neighbour, nextAfter, reportedRemains, suggestedRefund } from '../../page/state/review-inbox.ts'

const review = (reviewId: string, openedAt: string): Review => ({
  reviewId,
  openedAt,
  reason: 'order_failed',
  meaning: '',
  detail: null,
  orderId: 'A-1',
  deliveryId: 'd',
  count: 1,
  lastAt: openedAt,
  resolution: null,
})
const [first, second, third] = [
  review('1', '2026-01-01'),
  review('2', '2026-01-02'),
  review('3', '2026-01-03'),
] as const
const all = [first, second, third]

test('J and K stop at the ends, and begin at the first', () => {
  expect(neighbour(all, undefined, 1)).toBe(first)
  expect(neighbour(all, '1', 1)).toBe(second)
  expect(neighbour(all, '3', 1)).toBe(third)
  expect(neighbour(all, '1', -1)).toBe(first)
  expect(neighbour([], undefined, 1)).toBeUndefined()
})

test('after a decision the next one is open', () => {
  expect(nextAfter(all, '2')).toBe(third)
  expect(nextAfter(all, '3')).toBe(second)
  expect(nextAfter([first], '1')).toBeUndefined()
})

test('the refund starts with what the remains are worth, or with all that is left', () => {
  const order = { charge: '10', refunded: '1', quantity: 100 } as Parameters<typeof suggestedRefund>[0]['order']
  const withBody = (body: string) => suggestedRefund({ order, delivery: { body } as never })
  expect(withBody('{"status":"Partial","remains":"30"}')).toBe('2')
  expect(withBody('{"status":"Partial","remains":-5}')).toBe('9')
  expect(withBody('{"status":"Failed"}')).toBe('9')
  expect(suggestedRefund({ order: null, delivery: { body: '' } as never })).toBe('0')
  expect(reportedRemains('order=1&remains=7')).toBe(7)
})
