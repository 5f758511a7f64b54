import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { API_KEY, anOrder, startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

let orders = 0
/** Ids that no other test of this file uses. */
const fresh = () => {
  orders += 1
  return { orderId: `A-${orders}`, providerOrderId: `${orders}`, userId: `user-${orders}` }
}

test("an order opens its user's account and is the user's first event", async () => {
  const ids = fresh()
  const events = await ingest.follow(ids.userId)
  const response = await ingest.register(ids)

  expect(response.statusCode).toBe(201)
  expect(response.json()).toEqual({
    seq: 1,
    epoch: expect.stringMatching(/^[0-9a-f]{32}$/),
    appliedDeliveries: 0,
    order: {
      ...ids,
      provider: 'godofpanel',
      service: 'Instagram followers',
      link: 'https://instagram.com/somebody',
      quantity: 1000,
      charge: '2.5',
      currency: 'USD',
      status: 'pending',
      remains: null,
      startCount: null,
      refunded: '0',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      userId: undefined,
    },
  })
  await ingest.register({ ...fresh(), userId: ids.userId })
  await eventually(() => events.length === 2)
  expect(events).toMatchObject([
    {
      seq: 1,
      event: 'order.registered',
      order: { orderId: ids.orderId },
      account: { balance: '0', currency: 'USD', mode: 'external' },
    },
    { seq: 2, event: 'order.registered' },
  ])
})

test('registering it again changes nothing and shows it as it is now', async () => {
  const ids = fresh()
  await ingest.register(ids)
  await ingest.webhook({ order_id: ids.providerOrderId, status: 'canceled' })
  const again = await ingest.register({ ...ids, charge: '2.50' })

  expect(again.statusCode).toBe(200)
  expect(again.json()).toMatchObject({ seq: 2, order: { status: 'canceled', refunded: '2.5' } })
})

test('ids may be integers, as PHP keeps them', async () => {
  orders += 1
  const response = await ingest.register({ orderId: 90_000 + orders, providerOrderId: 80_000 + orders, userId: 7 })
  expect(response.json()).toMatchObject({
    order: { orderId: `${90_000 + orders}`, providerOrderId: `${80_000 + orders}` },
  })
})

test('conflicts are refused and change nothing', async () => {
  const ids = fresh()
  await ingest.register(ids)
  const other = fresh()
  const rejections = [
    await ingest.register({ ...ids, charge: '2.6' }),
    await ingest.register({ ...ids, providerOrderId: other.providerOrderId }),
    await ingest.register({ ...other, providerOrderId: ids.providerOrderId }),
    await ingest.register({ ...other, userId: ids.userId, currency: 'EUR' }),
  ]

  expect(rejections.map((response) => [response.statusCode, response.json().code])).toEqual([
    [409, 'order_conflict'],
    [409, 'order_conflict'],
    [409, 'provider_order_taken'],
    [409, 'currency_mismatch'],
  ])
  const { rows } = await ingest.database.owner.query('SELECT FROM accounts WHERE user_id = $1', [other.userId])
  expect(rows).toHaveLength(0)
})

test('the same order registered many times at once is registered once', async () => {
  const ids = fresh()
  const responses = await Promise.all(Array.from({ length: 9 }, () => ingest.register(ids)))

  expect(responses.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
  expect(responses.filter(({ statusCode }) => statusCode === 200)).toHaveLength(8)
})

test('two orders of a new user in different currencies at once: one account, one refusal', async () => {
  const { userId } = fresh()
  const responses = await Promise.all(
    ['USD', 'EUR'].map((currency) => ingest.register({ ...fresh(), userId, currency })),
  )
  expect(responses.map(({ statusCode }) => statusCode)).toEqual(expect.arrayContaining([201, 409]))
})

test.each<[string, Record<string, unknown>]>([
  ['a charge as a number', { charge: 2.5 }],
  ['a charge with nine decimals', { charge: '0.123456789' }],
  ['a negative charge', { charge: '-1' }],
  ['no quantity', { quantity: 0 }],
  ['half a quantity', { quantity: 1.5 }],
  ['an empty id', { orderId: '' }],
  ['a NUL in an id', { orderId: 'a\u0000b' }],
  ['a NUL in a link', { link: 'a\u0000b' }],
  ['control characters, of six bytes each in a snapshot', { service: '\u0001'.repeat(2_000) }],
  ['letters of more bytes than a text may have', { service: '€'.repeat(1_400) }],
  ['half a character', { service: '\ud800' }],
  ['a currency that is none', { currency: 'dollars' }],
  ['a member that is not known', { remains: 5 }],
])('%s is rejected with a word about it', async (_name, details) => {
  const response = await ingest.register({ ...fresh(), ...details })

  expect(response.json()).toMatchObject({ status: 400, code: 'validation_failed' })
  expect(response.json().detail).toContain(Object.keys(details)[0])
})

test('what is wrong is said in words that tell what to send', async () => {
  const response = await ingest.call('POST', '/v1/orders', { charge: 2.5, providerOrderId: {} })
  const { detail } = response.json<{ detail: string }>()
  expect(detail).toContain('orderId: is missing')
  expect(detail).toContain('providerOrderId: must be a whole number, or printable text')
  expect(detail).toContain('charge: must be a decimal string such as "2.50"')

  const request = { method: 'POST', url: '/v1/orders' } as const
  const withKey = { authorization: `Bearer ${API_KEY}` }
  const plain = await ingest.app.inject({
    ...request,
    headers: { ...withKey, 'content-type': 'text/plain' },
    payload: 'x',
  })
  expect(plain.json()).toMatchObject({ status: 415, detail: expect.stringContaining('application/json') })
  const keyless = await ingest.app.inject(request)
  expect(keyless.json()).toMatchObject({ status: 401, detail: expect.stringContaining('Authorization: Bearer') })
})

test('without a key nobody gets in', async () => {
  for (const authorization of [undefined, 'Bearer wrong', API_KEY, `Basic ${API_KEY}`]) {
    const response = await ingest.app.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: authorization === undefined ? {} : { authorization },
      payload: anOrder(),
    })
    expect(response.json()).toMatchObject({ status: 401, code: 'unauthorized' })
  }
})
