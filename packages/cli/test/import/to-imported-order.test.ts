import { describe, expect, test } from '@jest/globals'
import { parseMoney } from '@paxyo/order-core'
import { createProvider, providerSettings, providerVariables } from '@paxyo/providers'
import { loadConfig } from '@paxyo/service-kit'
import { importMapSchema } from '../../src/import/import-map.ts'
import { toImportedOrder } from '../../src/import/to-imported-order.ts'

const providers = providerSettings(loadConfig(providerVariables, {})).map(createProvider)

const ROW = {
  orderId: 'A-1',
  providerOrderId: '12345',
  userId: '7',
  service: 'Instagram followers',
  link: 'https://instagram.com/somebody',
  quantity: '1000',
  charge: '2.5000',
  currency: 'USD',
  status: 'Pending',
}

function convert(change: Record<string, unknown>, map: Record<string, unknown> = {}) {
  return toImportedOrder({ row: 1, fields: { ...ROW, ...change } }, importMapSchema.parse(map), providers)
}

test('a row with what is needed is an order', () => {
  expect(convert({})).toEqual({
    ...ROW,
    quantity: 1000,
    runs: 1,
    intervalMinutes: null,
    provider: 'godofpanel',
    charge: 250_000_000n,
    status: 'pending',
    remains: null,
    startCount: null,
    refundedElsewhere: 0n,
    createdAt: undefined,
  })
})

test('columns are found by the map, and values may be the same for all', () => {
  const order = convert(
    { api_id: 99, currency: undefined },
    { columns: { providerOrderId: 'api_id', currency: { value: 'EUR' } } },
  )
  expect(order).toMatchObject({ providerOrderId: '99', currency: 'EUR' })
})

test.each([
  [
    { runs: '4', interval: '60' },
    { quantity: 1000, runs: 4, intervalMinutes: 60 },
  ],
  [
    { runs: '0', interval: '0' },
    { runs: 1, intervalMinutes: 0 },
  ],
  [{ runs: '4', status: 'Partial', remains: '2000' }, { refundedElsewhere: parseMoney('1.25') }],
  [{ runs: '4', status: 'Partial', remains: '300', refunded: '0.1' }, { refundedElsewhere: parseMoney('0.1') }],
])('a drip-feed order, %j', (change, expected) => {
  expect(convert(change)).toMatchObject(expected)
})

test.each(['5x', '-2', '1,000'])('%s runs are no count, and not taken for one run', (runs) => {
  expect(convert({ runs })).toBe(`runs: ${runs} is not a count`)
})

test('what was refunded of a partial drip-feed order is not guessed', () => {
  const order = convert({ runs: '4', status: 'Partial', remains: '300' })
  expect(order).toBe('refunded: is required for a partial drip-feed order')
})

test.each(['', null, '0', '-1'])(
  "an order with %j for the provider's id has no provider order yet",
  (providerOrderId) => {
    expect(convert({ providerOrderId })).toMatchObject({ provider: null, providerOrderId: null, status: 'pending' })
  },
)

test("a file without the provider's ids is refused: its orders would never hear of them", () => {
  const { providerOrderId: _gone, ...fields } = ROW
  const order = toImportedOrder({ row: 1, fields }, importMapSchema.parse({}), providers)
  expect(order).toBe('providerOrderId: is missing')
})

describe('what the other system has paid back is never paid again', () => {
  test.each([
    ['Canceled', {}, '2.5'],
    ['Partial', { remains: '157' }, '0.3925'],
    ['Partial', { remains: '157', refunded: '0.39' }, '0.39'],
    ['Canceled', { refunded: '0' }, '0'],
    ['Completed', {}, '0'],
    ['In progress', {}, '0'],
  ])('%s %j: %s', (status, change, refunded) => {
    expect(convert({ status, ...change })).toMatchObject({ refundedElsewhere: parseMoney(refunded) })
  })
})

test('a word that every object knows is no status', () => {
  expect(convert({ status: 'constructor' })).toMatch('constructor is unknown')
})

test('an empty status, and none, is what the map says', () => {
  const statuses = { '': 'canceled', NULL: 'failed' }
  expect(convert({ status: '' }, { statuses })).toMatchObject({ status: 'canceled', refundedElsewhere: 250_000_000n })
  expect(convert({ status: null }, { statuses })).toMatchObject({ status: 'failed' })
  expect(convert({ status: undefined }, { columns: { status: { value: 'pending' } } })).toMatchObject({
    status: 'pending',
  })
})

test("the provider's own words are known", () => {
  const [godofpanel] = providerSettings(loadConfig(providerVariables, { STATUS_MAP: 'Zaplanowano=pending' }))
  const fields = { ...ROW, status: 'zaplanowano' }
  const order = toImportedOrder({ row: 1, fields }, importMapSchema.parse({}), [createProvider(godofpanel!)])
  expect(order).toMatchObject({ status: 'pending' })
})

test.each([
  [{ remains: '+5' }, { remains: null }],
  [
    { remains: '1,000', startCount: '1,234' },
    { remains: null, startCount: null },
  ],
  [{ startCount: 'N/A' }, { startCount: null }],
  [{ startCount: '-1' }, { startCount: null }],
])('a count that is only displayed is left out when it is not one: %j', (change, expected) => {
  expect(convert({ ...change, status: 'In progress' })).toMatchObject(expected)
})

test.each([
  [{ providerOrderId: '1'.repeat(129) }, /^providerOrderId: /],
  [{ userId: 'NULL' }, 'userId: is missing'],
  [{ quantity: '0' }, /^quantity: /],
  [{ quantity: '10.5' }, /^quantity: /],
  [{ charge: '1e-5' }, /^charge: /],
  [{ charge: '0.123456789' }, /^charge: /],
  [{ charge: '-1' }, /^charge: /],
  [{ status: 'Refill' }, 'status: Refill is unknown; add "Refill" to the statuses of the map'],
  [{ status: '' }, 'status: an empty one is unknown; add "" to the statuses of the map'],
  [{ status: ' ' }, 'status: an empty one is unknown; add "" to the statuses of the map'],
  [{ status: 'NULL' }, 'status: NULL is unknown; add "NULL" to the statuses of the map'],
  [{ status: null }, 'status: NULL is unknown; add "NULL" to the statuses of the map'],
  [{ status: undefined }, 'status: is missing; map its column, or set {"value": "pending"} for all rows'],
  [{ status: { name: 'canceled' } }, 'status: is missing; map its column, or set {"value": "pending"} for all rows'],
  [{ status: 'Partial' }, 'remains: is required for a partial order'],
  [{ status: 'Partial', remains: '1001' }, 'remains: 1001 is more than the quantity 1000'],
  [{ status: 'Partial', remains: 'some' }, 'remains: some is not a valid count'],
  [{ status: 'Partial', remains: '+5' }, 'remains: +5 is not a valid count'],
  [{ status: 'Canceled', refunded: '2.6' }, 'refunded: 2.6 is more than the charge'],
  [{ createdAt: 'yesterday' }, 'createdAt: yesterday is not a valid time'],
])('%j is rejected: %s', (change, reason) => {
  expect(convert(change)).toMatch(reason)
})

test('panels write numbers and dates in many ways', () => {
  const map = { statuses: { '5': 'failed' }, timeZone: '+03:00' }
  expect(
    convert(
      {
        status: 5,
        quantity: '1000.0',
        remains: '-5',
        startCount: '',
        charge: '2.50000000000',
        createdAt: '2026-01-02 12:00:00',
      },
      map,
    ),
  ).toMatchObject({
    status: 'failed',
    quantity: 1000,
    remains: 0,
    startCount: null,
    provider: 'godofpanel',
    charge: 250_000_000n,
    createdAt: new Date('2026-01-02T09:00:00Z'),
  })
  expect(convert({ createdAt: '0000-00-00 00:00:00' })).toMatchObject({ createdAt: undefined })
  expect(convert({ createdAt: '1767355200' })).toMatchObject({ createdAt: new Date('2026-01-02T12:00:00Z') })
})
