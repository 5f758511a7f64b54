import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { formatMoney, parseMoney } from '../src/money.ts'
import { refundTarget } from '../src/refund.ts'

test.each([
  ['2.5', 250_000_000n],
  ['0.27819', 27_819_000n],
  ['0.00000001', 1n],
  ['10', 1_000_000_000n],
  ['0', 0n],
  ['2.50000000', 250_000_000n],
])('%s is %s units', (text, units) => {
  expect(parseMoney(text)).toBe(units)
})

test.each(['', '.5', '5.', '-1', '+1', '1e3', '1,5', ' 1', '0.123456789', 'NaN', '0x10', '١'])(
  '%j is not an amount',
  (text) => {
    expect(() => parseMoney(text)).toThrow(RangeError)
  },
)

test('an amount survives being written and read', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), (money) => {
      expect(parseMoney(formatMoney(money))).toBe(money)
    }),
  )
})

test.each([
  ['0.27819', 157, 1000, '0.04367583'],
  ['10', 1, 3, '3.33333333'],
  ['0.00002', 50, 100, '0.00001'],
  ['1', 300, 1000, '0.3'],
  ['2.5', 1000, 1000, '2.5'],
  ['2.5', 0, 1000, '0'],
])('%s × %i ÷ %i is refunded as %s', (charge, remains, quantity, refund) => {
  expect(formatMoney(refundTarget(parseMoney(charge), remains, quantity))).toBe(refund)
})
