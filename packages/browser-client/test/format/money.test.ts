import { expect, test } from '@jest/globals'
import { addMoney, createMoneyFormat, toShortAmount } from '../../src/format/money.ts'

const plainSpaces = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ')

test.each([
  ['en', '0', 'USD', '$0.00'],
  ['en', '2.5', 'USD', '$2.50'],
  ['en', '0.04367583', 'USD', '$0.04367583'],
  ['en', '1234.5', 'JPY', '¥1,234.5'],
  // A float has 16 digits: this amount would lose its last four.
  ['en', '123456789012.12345678', 'USD', '$123,456,789,012.12345678'],
  ['de', '123456789012.12345678', 'EUR', '123.456.789.012,12345678 €'],
  ['en', '10.1', 'USDT', '10.10 USDT'],
  ['en', '10.1', 'C98', '10.10 C98'],
])('in %s, %s %s is written %s', (language, amount, currency, written) => {
  expect(plainSpaces(createMoneyFormat(language)(amount, currency))).toBe(written)
})

test('an old browser, which would round, shows the amount as it came', () => {
  expect(createMoneyFormat('en', false)('123456789012.12345678', 'USD')).toBe('123456789012.12345678 USD')
})

test('amounts are added without rounding', () => {
  expect(addMoney([])).toBe('0')
  expect(addMoney(['0.1', '0.2'])).toBe('0.3')
  expect(addMoney(['999999999999.99999999', '0.00000001'])).toBe('1000000000000')
  expect(addMoney(['2.50', '10'])).toBe('12.5')
})

test.each([
  ['0.04367583', '0.04'],
  ['0.99999999', '0.99'],
  ['0.00123', '0.00123'],
  ['0', '0'],
  ['2.5', '2.5'],
  ['10', '10'],
])('a toast says %s as %s', (amount, short) => {
  expect(toShortAmount(amount)).toBe(short)
})
