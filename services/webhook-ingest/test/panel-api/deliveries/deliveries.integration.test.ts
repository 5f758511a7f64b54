import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

interface Delivery {
  readonly deliveryId: string
  readonly outcome: string
  readonly replayOf: string | null
}

let orders = 0
async function anOrderWith(...updates: Record<string, unknown>[]) {
  orders += 1
  const ids = { orderId: `A-${orders}`, providerOrderId: `${orders}`, userId: `user-${orders}` }
  expect((await ingest.register(ids)).statusCode).toBe(201)
  for (const update of updates) await ingest.webhook({ order_id: ids.providerOrderId, ...update })
  return { ...ids, deliveries: await list(`orderId=${ids.orderId}`) }
}
/** Every page of a list. */
async function list(query: string): Promise<Delivery[]> {
  const found: Delivery[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const url: string = `/v1/deliveries?limit=3&${query}${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page = (await ingest.call('GET', url)).json<{ data: Delivery[]; nextCursor: string | null }>()
    found.push(...page.data)
    cursor = page.nextCursor
  }
  return found
}
const replay = (deliveryId: string, headers: object = {}) =>
  ingest.call('POST', `/v1/deliveries/${encodeURIComponent(deliveryId)}/replay`, undefined, headers)
const count = async (text: string, ...values: unknown[]): Promise<number> => {
  const { rows } = await ingest.database.owner.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${text}`,
    values,
  )
  return rows[0]!.count
}

describe('lists', () => {
  test('by order, outcome and time, the newest first, in pages', async () => {
    const since = new Date().toISOString()
    const one = await anOrderWith(
      { status: 'in_progress', remains: 900 },
      { status: 'in_progress', remains: 800 },
      { status: 'pending' },
      { status: 'exploded' },
      { status: 'canceled' },
    )
    await ingest.webhook({ order_id: 'unknown-1', status: 'canceled' })
    const until = new Date(Date.now() + 1).toISOString()

    expect(one.deliveries.map(({ outcome }) => outcome)).toEqual(['applied', 'review', 'stale', 'progress', 'applied'])
    expect(await list(`providerOrderId=${one.providerOrderId}`)).toEqual(one.deliveries)
    const isNow = { orderId: one.orderId, userId: one.userId, orderStatus: 'canceled' }
    for (const delivery of one.deliveries) expect(delivery).toMatchObject(isNow)
    expect(await list(`userId=${one.userId}`)).toEqual(one.deliveries)
    expect(await list(`userId=${one.userId}&outcome=stale`)).toMatchObject([{ outcome: 'stale' }])
    expect(await list('outcome=parked')).toMatchObject([
      { providerOrderId: 'unknown-1', orderId: null, userId: null, orderStatus: null, reason: null },
    ])
    expect(await list(`outcome=review&orderId=${one.orderId}`)).toMatchObject([{ reason: 'unknown_status' }])
    expect(await list(`from=${since}&to=${until}`)).toHaveLength(6)
    expect(await list(`from=${until}`)).toEqual([])
    expect(await list(`to=${since}`)).toEqual([])
  })

  test('a delivery stays with its order when another one gets the provider order', async () => {
    const { orderId, userId, providerOrderId } = await anOrderWith({ status: 'in_progress', remains: 900 })
    const moved = { providerOrderId: `${providerOrderId}-moved` }
    expect((await ingest.call('PUT', `/v1/orders/${orderId}/provider-order`, moved)).statusCode).toBe(200)
    await ingest.register({ orderId: 'next', providerOrderId, userId: 'next' })
    await ingest.webhook({ order_id: providerOrderId, status: 'in_progress', remains: 800 })

    expect(await list(`providerOrderId=${providerOrderId}`)).toMatchObject([
      { orderId: 'next', userId: 'next' },
      { orderId, userId },
    ])
    expect(await list('userId=next')).toMatchObject([{ orderId: 'next' }])
    expect(await list(`userId=${userId}`)).toMatchObject([{ orderId }])
  })

  test('a search goes on where it has looked, however rare it is', async () => {
    const { rows } = await ingest.database.owner.query<{ delivery_id: string }>(
      `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
       SELECT 'early-' || n, 'godofpanel', 'E', '{}', CASE WHEN n IN (1, 20000, 20001, 40001) THEN 'ignored' ELSE 'stale' END,
         '2026-01-01'::timestamptz - n * interval '1 ms'
       FROM generate_series(1, 40001) AS n RETURNING delivery_id`,
    )
    expect(rows).toHaveLength(40_001)
    const until = 'to=2026-01-01T00:00:00Z'
    expect((await list(`outcome=ignored&${until}`)).map(({ deliveryId }) => deliveryId)).toEqual([
      'early-1',
      'early-20000',
      'early-20001',
      'early-40001',
    ])
    const page = (await ingest.call('GET', `/v1/deliveries?outcome=applied&${until}`)).json()
    expect(page).toMatchObject({ data: [], nextCursor: expect.any(String) })
    expect(await list(`provider=another&${until}`)).toEqual([])
    await ingest.database.owner.query(`DELETE FROM deliveries WHERE provider_order_id = 'E'`)
  })

  test.each(['cursor=nonsense', 'outcome=duplicate', 'from=yesterday', 'limit=0', 'order=1', 'orderId='])(
    '%s is refused',
    async (query) => {
      expect((await ingest.call('GET', `/v1/deliveries?${query}`)).statusCode).toBe(400)
    },
  )
})

test.each([
  ['0000-01-01T00:00:00.000000Z', 'a'],
  ['2026-01-01T00:00:00.000000Z', 'a\u0000b'],
  ['2026-01-01T00:00:00.000000Z', 'x'.repeat(513)],
  ['2026-01-01T00:00:00.000000Z'],
  [`2026-01-01T00:00:00.${'1'.repeat(200)}Z`, 'a', '2026-01-02T00:00:00Z'],
  ['infinity', 'a'],
  [1, 2],
])('a cursor of somebody’s own making is refused: %j %j', async (...position) => {
  const encode = (some: unknown[]): string => Buffer.from(JSON.stringify(some)).toString('base64url')
  const replays = { from: '2026-01-01T00:00:00Z', cursor: encode(position) }
  const response = await ingest.call('GET', `/v1/deliveries?cursor=${encode(position.slice(0, 2))}`)
  expect(response.json()).toMatchObject({ code: expect.stringMatching(/^(invalid_cursor|validation_failed)$/) })
  expect((await ingest.call('POST', '/v1/deliveries/replay', replays)).statusCode).toBe(400)
})

test('one is read with what the provider sent, to the letter', async () => {
  const body = '{"order_id": "odd/id é", "status":"Canceled" , "extra":[1,2]}'
  await ingest.register({ orderId: 'odd', providerOrderId: 'odd/id é', userId: 'odd' })
  await ingest.webhook(body)
  const [{ deliveryId }] = (await list('orderId=odd')) as [Delivery]
  const response = await ingest.call('GET', `/v1/deliveries/${encodeURIComponent(deliveryId)}`)

  expect(response.json()).toMatchObject({
    delivery: { deliveryId, orderId: 'odd', outcome: 'applied', body },
    replays: [],
  })
  expect((await ingest.call('GET', '/v1/deliveries/unknown')).json()).toMatchObject({ code: 'delivery_not_found' })
})

describe('a replay', () => {
  test('of a delivery whose review is shared and resolved opens no other', async () => {
    const { deliveries, orderId } = await anOrderWith({ status: 'exploded' }, { status: 'exploded' })
    const reviewsOf = async (): Promise<{ reviewId: string }[]> =>
      (await ingest.call('GET', `/v1/reviews?orderId=${orderId}`)).json().data
    const [review, ...others] = await reviewsOf()
    expect(others).toEqual([])
    await ingest.call('POST', `/v1/reviews/${review!.reviewId}/resolve`, { action: 'dismiss', note: 'known' })
    for (const { deliveryId } of deliveries) {
      const response = await ingest.call('POST', `/v1/deliveries/${encodeURIComponent(deliveryId)}/replay`)
      expect(response.json()).toMatchObject({ outcome: 'review', reason: 'unknown_status' })
    }
    expect(await reviewsOf()).toMatchObject([{ reviewId: review!.reviewId, count: 2 }])
  })

  test('of what was applied changes nothing and says so, however often', async () => {
    const { deliveries, orderId, userId } = await anOrderWith({ status: 'canceled' })
    const { deliveryId } = deliveries[0]!
    for (let round = 1; round <= 3; round += 1) {
      expect((await replay(deliveryId)).json()).toEqual({
        deliveryId,
        replayId: expect.stringMatching(/^replay:/),
        outcome: 'unchanged',
        reason: null,
        refund: null,
        userId,
        seq: 2,
        epoch: expect.stringMatching(/^[0-9a-f]{32}$/),
      })
    }

    expect(await count('ledger_entries WHERE order_id = $1', orderId)).toBe(1)
    expect(await count('deliveries WHERE replay_of = $1', deliveryId)).toBe(3)
    const { replays } = (await ingest.call('GET', `/v1/deliveries/${encodeURIComponent(deliveryId)}`)).json<{
      replays: Delivery[]
    }>()
    expect(replays.map(({ replayOf }) => replayOf)).toEqual(Array(3).fill(deliveryId))
  })

  test('of what we did not understand is applied once we do', async () => {
    const { deliveries, orderId, userId } = await anOrderWith({ status: 'exploded' })
    const { deliveryId } = deliveries[0]!
    // Simulates a parser that now maps this spelling to canceled.
    await ingest.database.owner.query(`UPDATE deliveries SET body = replace(body, 'exploded', 'canceled')`)
    expect((await replay(deliveryId)).json()).toMatchObject({ outcome: 'applied', refund: '2.5', userId, seq: 2 })
    expect((await replay(deliveryId)).json()).toMatchObject({ outcome: 'unchanged', refund: null })
    expect(await count('ledger_entries WHERE order_id = $1', orderId)).toBe(1)
  })

  test('of what we still do not understand asks nobody to look again', async () => {
    const { deliveries, orderId } = await anOrderWith({ status: 'exploded' })
    for (let round = 0; round < 3; round += 1) {
      expect((await replay(deliveries[0]!.deliveryId)).json()).toMatchObject({
        outcome: 'review',
        reason: 'unknown_status',
      })
    }
    expect(await count('reviews WHERE order_id = $1', orderId)).toBe(1)
  })

  test('of a delivery whose provider is not configured any more changes nothing and says so', async () => {
    await ingest.database.owner.query(
      `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
       VALUES ('of-another', 'another', '1', '{"order_id":"1","status":"canceled"}', 'review', now())`,
    )
    expect((await replay('of-another')).json()).toMatchObject({ replayId: null, outcome: 'unknown_provider' })
    expect(await count('deliveries WHERE replay_of = $1', 'of-another')).toBe(0)
    expect(await count(`reviews WHERE reason = 'order_id_missing'`)).toBe(0)
  })

  test('of a replay is one of what the provider sent', async () => {
    const { deliveries } = await anOrderWith({ status: 'exploded' })
    const { deliveryId } = deliveries[0]!
    const { replayId } = (await replay(deliveryId)).json<{ replayId: string }>()
    expect((await replay(replayId)).json()).toMatchObject({ deliveryId })
    expect(await count('deliveries WHERE replay_of = $1', deliveryId)).toBe(2)
  })

  test('of what something newer has overtaken is not taken in: it could only take the order back', async () => {
    const { deliveries, orderId } = await anOrderWith(
      { status: 'partial', remains: 300 },
      { status: 'partial', remains: 200 },
    )
    expect((await replay(deliveries[1]!.deliveryId)).json()).toMatchObject({ outcome: 'overtaken', replayId: null })
    const { rows } = await ingest.database.owner.query('SELECT remains FROM orders WHERE order_id = $1', [orderId])
    expect(rows).toEqual([{ remains: '200' }])
  })

  test('of what something newer has overtaken is not kept for the next order of the same provider order', async () => {
    const { deliveries, orderId } = await anOrderWith({ status: 'exploded' }, { status: 'in_progress', remains: 200 })
    const moved = await ingest.call('PUT', `/v1/orders/${orderId}/provider-order`, { providerOrderId: `${orderId}-b` })
    expect(moved.statusCode).toBe(200)
    expect((await replay(deliveries[1]!.deliveryId)).json()).toMatchObject({ outcome: 'overtaken', replayId: null })
  })

  test('of what waits for its order leaves it waiting', async () => {
    await ingest.webhook({ order_id: 'unknown-2', status: 'canceled' })
    const [{ deliveryId }] = (await list('providerOrderId=unknown-2')) as [Delivery]
    expect((await replay(deliveryId)).json()).toMatchObject({
      outcome: 'parked',
      replayId: null,
      userId: null,
      seq: null,
    })
    const registered = await ingest.register({ orderId: 'late', providerOrderId: 'unknown-2', userId: 'late' })
    expect(registered.json()).toMatchObject({ appliedDeliveries: 1, order: { refunded: '2.5' } })
  })

  test('with an Idempotency-Key is recorded once', async () => {
    const { deliveries } = await anOrderWith({ status: 'exploded' })
    const { deliveryId } = deliveries[0]!
    const headers = { 'idempotency-key': 'replay-1' }
    const responses = await Promise.all([1, 2, 3].map(() => replay(deliveryId, headers)))
    const outcomes = responses.map((response) => response.json<Delivery>().outcome)

    expect(outcomes.toSorted()).toEqual(['duplicate', 'duplicate', 'review'])
    expect(await count('deliveries WHERE replay_of = $1', deliveryId)).toBe(1)
  })

  test('many at once pay once', async () => {
    const { deliveries, orderId } = await anOrderWith({ status: 'exploded' })
    await ingest.database.owner.query(`UPDATE deliveries SET body = replace(body, 'exploded', 'canceled')`)
    await Promise.all(Array.from({ length: 12 }, () => replay(deliveries[0]!.deliveryId)))
    expect(await count('ledger_entries WHERE order_id = $1', orderId)).toBe(1)
  })

  test('of nothing is not found', async () => {
    expect((await replay('unknown')).json()).toMatchObject({ status: 404, code: 'delivery_not_found' })
  })
})

describe('a span of time', () => {
  test('is replayed page by page in the order of its arrival; what comes meanwhile is left out', async () => {
    const from = new Date().toISOString()
    const made = []
    for (let index = 0; index < 4; index += 1) {
      made.push(await anOrderWith({ status: 'in_progress', remains: 500 }, { status: 'exploded' }))
    }
    await ingest.database.owner.query(`UPDATE deliveries SET body = replace(body, 'exploded', 'canceled')`)
    const results: Record<string, unknown>[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const range = { from, limit: 3, ...(cursor === undefined ? {} : { cursor }) }
      const page = (await ingest.call('POST', '/v1/deliveries/replay', range)).json<{
        data: Record<string, unknown>[]
        nextCursor: string | null
      }>()
      expect(page.data.length).toBeLessThanOrEqual(3)
      results.push(...page.data)
      cursor = page.nextCursor
      await anOrderWith({ status: 'exploded' })
    }

    const arrived = made.flatMap(({ deliveries }) => deliveries.toReversed())
    expect(results.map(({ deliveryId }) => deliveryId)).toEqual(arrived.map(({ deliveryId }) => deliveryId))
    expect(results.map(({ outcome, refund }) => [outcome, refund])).toEqual(
      made.flatMap(() => [
        ['unchanged', null],
        ['applied', '2.5'],
      ]),
    )
    const again = await ingest.call('POST', '/v1/deliveries/replay', { from, outcome: 'review', limit: 4 })
    const { data } = again.json<{ data: { outcome: string }[] }>()
    expect(data.map(({ outcome }) => outcome)).toEqual(Array(4).fill('unchanged'))
  })

  test.each<[string, object]>([
    ['no beginning', {}],
    ['a beginning that is none', { from: 'yesterday' }],
    ['too many at once', { from: '2026-01-01T00:00:00Z', limit: 101 }],
    ['a cursor that is none', { from: '2026-01-01T00:00:00Z', cursor: 'nonsense' }],
    ['a member that is not known', { from: '2026-01-01T00:00:00Z', all: true }],
  ])('%s is rejected', async (_name, body) => {
    expect((await ingest.call('POST', '/v1/deliveries/replay', body)).statusCode).toBe(400)
  })
})
