import { expect, test } from '@jest/globals'
import {
  CLOSED_STATUSES,
  isOpenStatus,
  isOrderStatus,
  OPEN_STATUSES,
  ORDER_STATUSES,
  statusText,
} from '../../src/data/order-status.ts'

test('a status is open or closed, and one that is not known is neither', () => {
  expect(ORDER_STATUSES.filter((status) => isOpenStatus(status))).toEqual([...OPEN_STATUSES])
  expect(ORDER_STATUSES.filter((status) => !isOpenStatus(status))).toEqual([...CLOSED_STATUSES])
  expect(ORDER_STATUSES.every((status) => isOrderStatus(status))).toBe(true)
  expect([isOpenStatus('in_review'), isOrderStatus('in_review'), isOrderStatus('toString')]).toEqual([
    false,
    false,
    false,
  ])
})

test.each([
  ['in_progress', 'In progress'],
  ['awaiting-approval', 'Awaiting approval'],
  ['Refilling', 'Refilling'],
  ['_', ''],
  ['', ''],
])('%j is shown as %j', (status, text) => {
  expect(statusText(status)).toBe(text)
})
