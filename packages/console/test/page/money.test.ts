import { expect, test } from '@jest/globals'
import { formatSum } from '../../page/kit/format.ts'
import {
  amountAt,
  readAmount,
  refundable,
  refundForRemains,
  SLIDER_STEPS,
  stepOf,
  sumByCurrency,
} from '../../page/kit/money.ts'

test('an amount that a person typed', () => {
  expect(readAmount(' 1,25 ')).toBe('1.25')
  expect(readAmount('1.50000000')).toBe('1.5')
  for (const text of ['', '-1', '1.', '.5', '1e3', '1.123456789', 'abc']) expect(readAmount(text)).toBeUndefined()
})

test('an amount that a person typed in Arabic or Persian digits, or copied from a page that has them', () => {
  expect(readAmount('١٢٫٥')).toBe('12.5')
  expect(readAmount('۰,۷۵')).toBe('0.75')
  for (const numbers of ['arab', 'arabext', 'latn']) {
    const format = new Intl.NumberFormat(`ar-u-nu-${numbers}`, { useGrouping: false, maximumFractionDigits: 8 })
    expect(readAmount(` \u200F${format.format(1980.25)}\u061C`)).toBe('1980.25')
  }
})

test('what is left of a charge', () => {
  expect(refundable({ charge: '2.5', refunded: '0.75' })).toBe('1.75')
  expect(refundable({ charge: '2.5', refunded: '2.5' })).toBe('0')
})

test('the slider goes from nothing to all, in whole cents', () => {
  expect(amountAt('7.25', 0)).toBe('0')
  expect(amountAt('7.25', 333)).toBe('2.41')
  expect(amountAt('7.25123456', SLIDER_STEPS)).toBe('7.25123456')
  expect(stepOf('7.25', '7.25')).toBe(SLIDER_STEPS)
  expect(stepOf('7.25', '9')).toBe(SLIDER_STEPS)
  expect(stepOf('0', '0')).toBe(0)
})

test('the slider still moves when less than ten cents are left', () => {
  expect(amountAt('0.05', 500)).toBe('0.025')
})

test('what the remains of an order are worth', () => {
  const order = { charge: '2.5', refunded: '0.25', quantity: 1000 }
  expect(refundForRemains(order, 300)).toBe('0.5')
  expect(refundForRemains(order, 50)).toBe('0')
  expect(refundForRemains(order, 1001)).toBe('0')
  expect(refundForRemains(order, -1)).toBe('0')
})

test('sums are kept apart by currency', () => {
  const sums = sumByCurrency([
    { amount: '1.1', currency: 'USD' },
    { amount: '2', currency: 'EUR' },
    { amount: '2.2', currency: 'USD' },
  ])
  expect(sums).toEqual([
    { currency: 'USD', amount: '3.3', count: 2 },
    { currency: 'EUR', amount: '2', count: 1 },
  ])
})

test('a sum has two decimals, unless nothing would be left of it', () => {
  expect(formatSum('629.52125', 'USD')).toBe('$629.52')
  expect(formatSum('12480.765', 'USD')).toBe('$12,480.77')
  expect(formatSum('0', 'USD')).toBe('$0.00')
  expect(formatSum('0.00000001', 'USD')).toBe('$0.00000001')
  expect(formatSum('3', 'points')).toBe('3.00 points')
})
