import { expect, test } from '@jest/globals'
import type { OrderView } from '@paxyo/browser-client'
import { FIRST_CHOICE, listOrders, progressOf, SORT_KEYS, type ListChoice } from '../../page/state/order-list.ts'
import { EMPTY_STATE } from '../../page/state/panel-state.ts'
import { reduce } from '../../page/state/reduce.ts'
import { anOrder, snapshot } from './orders.ts'

const ORDERS: OrderView[] = [
  anOrder('A-4', { providerOrderId: '900', status: 'failed', charge: '10', quantity: 10 }),
  anOrder('A-3', { status: 'canceled', charge: '9.5', refunded: '9.5', service: 'youtube views' }),
  anOrder('A-2', { status: 'in_progress', charge: '9.50000001', remains: 250, startCount: 7, link: 'https://t.me/x' }),
  anOrder('A-1', { status: 'completed', service: 'Apple Music plays', updatedAt: '2027-01-01T00:00:00.000Z' }),
]
const { orders } = reduce(EMPTY_STATE, [snapshot(ORDERS)])
const list = (choice: Partial<ListChoice>) => listOrders(orders, { ...FIRST_CHOICE, ...choice })
const ids = (choice: Partial<ListChoice>): string[] => list(choice).orders.map(({ orderId }) => orderId)

test('the newest order is on top, and counts say what each filter would show', () => {
  expect(ids({})).toEqual(['A-4', 'A-3', 'A-2', 'A-1'])
  expect(list({ filter: 'open' })).toMatchObject({
    orders: [{ orderId: 'A-2' }],
    total: 1,
    counts: { all: 4, open: 1, completed: 1, partial: 0, canceled: 1, failed: 1 },
  })
})

test.each([
  ['FOLLOWERS', ['A-4', 'A-2']],
  ['a-3', ['A-3']],
  ['900', ['A-4']],
  ['t.me', ['A-2']],
  ['views youtube', ['A-3']],
  ['views nothing', []],
])('searching for %j finds %j', (search, found) => {
  expect(ids({ search })).toEqual(found)
})

test('money is sorted exactly, and text without regard to case', () => {
  expect(ids({ sort: 'charge', descending: true })).toEqual(['A-4', 'A-2', 'A-3', 'A-1'])
  expect(ids({ sort: 'service', descending: false })).toEqual(['A-1', 'A-4', 'A-2', 'A-3'])
  expect(ids({ sort: 'refunded' })[0]).toBe('A-3')
  expect(ids({ sort: 'updated' })[0]).toBe('A-1')
  expect(ids({ sort: 'status', descending: false })).toEqual(['A-2', 'A-1', 'A-3', 'A-4'])
  expect(ids({ sort: 'progress' })).toEqual(['A-1', 'A-2', 'A-4', 'A-3'])
})

test.each(SORT_KEYS)('sorting by %s loses no order either way', (sort) => {
  for (const descending of [true, false]) {
    expect(ids({ sort, descending }).toSorted()).toEqual(['A-1', 'A-2', 'A-3', 'A-4'])
  }
})

test('an order of a status that is not known is listed with all others, sorted last, and in no other filter', () => {
  const newer = reduce(EMPTY_STATE, [snapshot([anOrder('A-5', { status: 'in_review' }), ...ORDERS])]).orders
  const byStatus = listOrders(newer, { ...FIRST_CHOICE, sort: 'status', descending: false })
  expect(byStatus.orders.map(({ orderId }) => orderId)).toEqual(['A-2', 'A-1', 'A-3', 'A-4', 'A-5'])
  expect(byStatus.counts).toEqual({ all: 5, open: 1, completed: 1, partial: 0, canceled: 1, failed: 1 })
})

test('pages hold so many, and one that does not exist is the last', () => {
  const pages = [0, 1, 7].map((page) => list({ pageSize: 3, page }))
  expect(pages.map(({ page, orders: shown }) => [page, shown.length])).toEqual([
    [0, 3],
    [1, 1],
    [1, 1],
  ])
  expect(list({ search: 'nothing' })).toMatchObject({ page: 0, pageCount: 1, total: 0 })
})

test('progress stays between nothing and everything', () => {
  const progress = (rest: Partial<OrderView>) => progressOf(anOrder('A', rest))
  expect(progress({})).toBeUndefined()
  expect(progress({ remains: 250 })).toBe(0.75)
  expect(progress({ remains: -50 })).toBe(1)
  expect(progress({ remains: 5000 })).toBe(0)
  expect(progress({ status: 'completed' })).toBe(1)
})
