import { expect, test } from '@jest/globals'
import { parseMoney } from '@paxyo/order-core'
import { createPriceComparison } from '../../src/import/price-comparison.ts'

const order = (charge: string, remains: number | null = null, service = 'Followers') => ({
  provider: 'godofpanel',
  service,
  currency: 'USD',
  quantity: 1000,
  charge: parseMoney(charge),
  remains,
})

test('a partial order that costs what was delivered at the price of others has a lowered charge', () => {
  const prices = createPriceComparison()
  prices.addPartial(order('1.75', 300), 1)
  prices.addPartial(order('1.667', 333), 2)
  prices.add(order('2.5'))
  prices.add(order('2.4'))
  expect(prices.takeLowered()).toEqual([1, 2])
  expect(prices.takeLowered()).toEqual([])
})

test.each([
  ['its own price is that of others', order('2.5', 300)],
  ['neither price is that of others', order('1.9', 300)],
  ['nothing was delivered', order('0', 1000)],
  ['the service has no other orders', order('1.75', 300, 'Likes')],
])('not when %s', (_when, partial) => {
  const prices = createPriceComparison()
  prices.add(order('2.5'))
  prices.add(order('0'))
  prices.addPartial(partial, 1)
  expect(prices.takeLowered()).toEqual([])
})
