import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ledgerViolations } from '@paxyo/testkit'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const register = (id: string, more: object = {}) =>
  ingest.register({ orderId: `D-${id}`, providerOrderId: id, userId: 'ann', runs: 4, interval: 60, ...more })
const webhook = async (id: string, status: string, more: object = {}): Promise<Record<string, unknown>> =>
  (await ingest.webhook({ order_id: id, status, ...more })).json().results[0] as Record<string, unknown>
const read = async (id: string) => (await ingest.call('GET', `/v1/orders/D-${id}`)).json()

test('is registered with its runs, once', async () => {
  expect((await register('1')).statusCode).toBe(201)
  expect((await register('1')).statusCode).toBe(200)
  for (const change of [{ runs: 5 }, { runs: null }, { interval: 30 }, { interval: null }]) {
    expect((await register('1', change)).json()).toMatchObject({ code: 'order_conflict' })
  }
  expect((await read('1')).order).toMatchObject({ quantity: 1000, runs: 4, interval: 60, charge: '2.5' })
  const plain = await ingest.register({ orderId: 'D-plain', providerOrderId: 'plain', userId: 'ann' })
  expect(plain.statusCode).toBe(201)
  expect((await read('plain')).order).toMatchObject({ runs: 1, interval: null })
})

test('a rest of more than one run is refunded by all runs', async () => {
  await register('2')
  expect(await webhook('2', 'Partial', { remains: 2000 })).toMatchObject({ outcome: 'applied', refund: '1.25' })
  expect(await webhook('2', 'Partial', { remains: 4001 })).toMatchObject({ reason: 'remains_out_of_range' })
})

test('a rest that one run has, too, goes to a person with both readings, who decides', async () => {
  await register('3')
  expect(await webhook('3', 'Partial', { remains: 1000 })).toEqual({
    orderId: '3',
    outcome: 'review',
    reason: 'drip_feed_remains',
  })
  expect((await read('3')).order).toMatchObject({ status: 'pending', refunded: '0' })
  const { data } = (await ingest.call('GET', '/v1/reviews?orderId=D-3')).json()
  expect(data).toMatchObject([
    { reason: 'drip_feed_remains', detail: 'due in all: 0.625 of 4 × 1000, 2.5 of one run of 1000' },
  ])
  const decision = { action: 'refund', amount: '0.625', status: 'partial', note: 'the provider says: of all runs' }
  const resolved = await ingest.call('POST', `/v1/reviews/${data[0].reviewId}/resolve`, decision)
  expect(resolved.json()).toMatchObject({ order: { status: 'partial', refunded: '0.625' } })
})

test('a review that counts a later report has its figures', async () => {
  await register('6')
  await webhook('6', 'Partial', { remains: 1000 })
  await webhook('6', 'Partial', { remains: 400 })
  expect((await ingest.call('GET', '/v1/reviews?orderId=D-6')).json().data).toMatchObject([
    { reason: 'drip_feed_remains', count: 2, detail: 'due in all: 0.25 of 4 × 1000, 1 of one run of 1000' },
  ])
})

test('a drip-feed order that is canceled is refunded in full', async () => {
  await register('4')
  expect(await webhook('4', 'Canceled', { remains: 300 })).toMatchObject({ outcome: 'applied', refund: '2.5' })
})

test('words about refills change nothing, and stand in the history as what they are', async () => {
  await register('5')
  await webhook('5', 'Completed')
  expect(await webhook('5', 'Refilling')).toEqual({ orderId: '5', outcome: 'ignored' })
  const { order, deliveries } = await read('5')
  expect(order.status).toBe('completed')
  expect(deliveries).toMatchObject([
    { outcome: 'applied' },
    { outcome: 'ignored', body: expect.stringContaining('Refilling') },
  ])
  const listed = await ingest.call('GET', '/v1/deliveries?outcome=ignored')
  expect(listed.json().data).toMatchObject([{ orderId: 'D-5' }])
})

test('after all of this the audit of the ledger is clean', async () => {
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})
