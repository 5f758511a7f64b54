import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newId, reviewUnregistered } from '@paxyo/ledger'
import { ledgerViolations } from '@paxyo/testkit'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const REQUESTS = 40
const UPDATES_PER_REQUEST = 50
const STATUSES = ['Pending', 'In progress', 'Partial', 'Canceled', 'Nonsense', 'Refilling']

const send = async (updates: readonly object[]): Promise<{ outcome: string }[]> =>
  (await ingest.webhook(updates)).json().results as { outcome: string }[]
const outcomesOf = async (id: string) => {
  const { rows } = await ingest.database.owner.query<{ outcome: string; count: number; updates: number }>(
    `SELECT outcome, count(*)::int, count(waiting_update)::int AS updates FROM deliveries
     WHERE provider_order_id = $1 GROUP BY outcome ORDER BY outcome`,
    [id],
  )
  return rows
}

test('thousands of updates of an order that is not registered: the last one of each status waits, and counts', async () => {
  for (let request = 0; request < REQUESTS; request += 1) {
    const updates = Array.from({ length: UPDATES_PER_REQUEST }, (_, index) => {
      const status = STATUSES[index % 3]
      return { order_id: 'flood', status, remains: request === REQUESTS - 1 ? 300 : 900 }
    })
    const results = await send(updates)
    expect(results.filter(({ outcome }) => outcome === 'parked')).toHaveLength(3)
    expect(results.filter(({ outcome }) => outcome === 'superseded')).toHaveLength(UPDATES_PER_REQUEST - 3)
  }
  const total = REQUESTS * UPDATES_PER_REQUEST
  expect(await outcomesOf('flood')).toEqual([
    { outcome: 'parked', count: 3, updates: 3 },
    { outcome: 'superseded', count: total - 3, updates: 0 },
  ])

  const registered = await ingest.register({ orderId: 'F-1', providerOrderId: 'flood' })
  // 900 had remained before, and 300 do now: only the last word is paid.
  expect(registered.json()).toMatchObject({ appliedDeliveries: 3, order: { status: 'partial', refunded: '0.75' } })
  expect((await outcomesOf('flood')).map(({ outcome }) => outcome)).not.toContain('parked')
})

test('the same delivery twice in a request is a duplicate, parked or not', async () => {
  const update = { order_id: 'twice', status: 'Pending' }
  expect((await send([update, update])).map(({ outcome }) => outcome)).toEqual(['superseded', 'parked'])
})

test('what a former provider order said meanwhile counts when an order gets it again', async () => {
  const attach = (orderId: string, providerOrderId: string) =>
    ingest.call('PUT', `/v1/orders/${orderId}/provider-order`, { providerOrderId })
  // The panel has confused the two numbers.
  await ingest.register({ orderId: 'G-1', providerOrderId: 'g-2', userId: 'g' })
  await attach('G-1', 'g-1')
  expect(await send([{ order_id: 'g-2', status: 'Partial', remains: 400 }])).toMatchObject([{ outcome: 'superseded' }])
  expect(await send([{ order_id: 'g-2', status: 'Partial', remains: 300 }])).toMatchObject([{ outcome: 'superseded' }])
  const registered = await ingest.register({ orderId: 'G-2', providerOrderId: 'g-2', userId: 'g' })
  expect(registered.json()).toMatchObject({ appliedDeliveries: 1, order: { status: 'partial', refunded: '0.75' } })
  expect(await outcomesOf('g-2')).toEqual([
    { outcome: 'applied', count: 1, updates: 0 },
    { outcome: 'superseded', count: 1, updates: 0 },
  ])
})

test('after its retention an update without an order is put up for review, once, and can be replayed', async () => {
  await send([
    { order_id: 'old', status: 'In progress' },
    { order_id: 'old', status: 'Canceled' },
  ])
  await send([
    { order_id: 'old', status: 'Refilling' },
    { order_id: 'young', status: 'Canceled' },
  ])
  const { owner } = ingest.database
  await owner.query(`UPDATE deliveries SET received_at = now() - interval '31 days' WHERE provider_order_id = 'old'`)
  const deps = { pool: ingest.database.poolAs('ingest', 1), newId }
  expect(await reviewUnregistered(deps, 30)).toBe(1)
  expect(await reviewUnregistered(deps, 30)).toBe(0)
  expect(await outcomesOf('old')).toEqual([
    { outcome: 'review', count: 1, updates: 0 },
    { outcome: 'superseded', count: 2, updates: 0 },
  ])
  expect(await outcomesOf('young')).toMatchObject([{ outcome: 'parked' }])

  const { data } = (await ingest.call('GET', '/v1/reviews?reason=order_not_registered')).json()
  expect(data).toMatchObject([{ orderId: null, count: 1, resolution: null }])
  const { delivery } = (await ingest.call('GET', `/v1/reviews/${data[0].reviewId}`)).json()
  expect(delivery.body).toContain('Canceled')
  await ingest.register({ orderId: 'O-1', providerOrderId: 'old', userId: 'old' })
  const replay = await ingest.call('POST', `/v1/deliveries/${delivery.deliveryId}/replay`)
  expect(replay.json()).toMatchObject({ outcome: 'applied', refund: '2.5' })
})

test('after all of this the audit of the ledger is clean', async () => {
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})
