import { expect, test } from '@jest/globals'
import { toMoneyText } from '../../src/import/to-values.ts'

test.each([
  ['0', '0'],
  ['12', '12'],
  ['12.', '12'],
  ['12.50', '12.5'],
  ['12.00000000', '12'],
  ['0.12345678', '0.12345678'],
  ['0.123456780000', '0.12345678'],
  ['0.100000000', '0.1'],
  ['999999999999.00000001', '999999999999.00000001'],
])('the amount %s is %s', (text, amount) => {
  expect(toMoneyText(text)).toBe(amount)
})

test.each([
  '',
  '.5',
  '-1',
  '1,5',
  '1.5 ',
  '1.5\n',
  '1e3',
  '1000000000000',
  '0.123456789',
  '0.000000001',
  '1.0000000010',
])('%j is not an amount', (text) => {
  expect(toMoneyText(text)).toBeUndefined()
})
