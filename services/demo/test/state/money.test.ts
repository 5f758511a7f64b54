import { expect, test } from '@jest/globals'
import { formatMoney, parseMoney } from '../../page/state/money.ts'
import { totalRefunded } from '../../page/state/refunds.ts'
import { anOrder } from './orders.ts'

test.each(['0', '2.5', '0.00000001', '999999999999.99999999', '10', '0.75'])(
  '%s is read and written exactly',
  (text) => {
    expect(formatMoney(parseMoney(text))).toBe(text)
  },
)

test('sums are exact', () => {
  const orders = ['0.1', '0.2', '0.00000001'].map((refunded) => anOrder('A', { refunded }))
  expect(totalRefunded(orders)).toBe('0.30000001')
})
