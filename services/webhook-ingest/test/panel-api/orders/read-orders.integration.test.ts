import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const list = async (query: string) => (await ingest.call('GET', `/v1/orders?${query}`)).json()
const idsOf = (page: { data: { orderId: string }[] }): string[] => page.data.map(({ orderId }) => orderId)
const register = (orderId: string, userId: string) => ingest.register({ orderId, providerOrderId: orderId, userId })

describe('an order', () => {
  test('is read with its deliveries, refunds and events', async () => {
    await register('R-1', 'reader')
    await register('R-2', 'reader')
    await ingest.webhook({ order_id: 'R-1', status: 'Partial', remains: '300' })
    await ingest.webhook({ order_id: 'R-2', status: 'Processing' })
    await ingest.webhook({ order_id: 'R-1', status: 'Canceled' })
    const response = await ingest.call('GET', '/v1/orders/R-1')

    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({
      seq: 5,
      epoch: expect.any(String),
      order: { orderId: 'R-1', userId: 'reader', payment: 'external', status: 'canceled', refunded: '2.5' },
      deliveries: [
        { outcome: 'applied', reason: null, body: expect.stringContaining('Partial') },
        { outcome: 'applied', body: expect.stringContaining('Canceled') },
      ],
      refunds: [
        { amount: '0.75', balanceAfter: '0.75' },
        { amount: '1.75', balanceAfter: '2.5' },
      ],
      events: [
        { seq: 1, event: 'order.registered' },
        { seq: 3, event: 'order.updated', refund: { amount: '0.75' } },
        { seq: 5, event: 'order.updated', refund: { amount: '1.75' } },
      ],
    })
  })

  test('that is not registered is not found', async () => {
    expect((await ingest.call('GET', '/v1/orders/R-0')).json()).toMatchObject({ status: 404, code: 'order_not_found' })
  })
})

describe('the list of orders', () => {
  beforeAll(async () => {
    for (let index = 0; index < 12; index += 1) await register(`L-${index}`, index % 2 === 0 ? 'even' : 'odd')
    await ingest.webhook([
      { order_id: 'L-4', status: 'completed' },
      { order_id: 'L-7', status: 'completed' },
    ])
  })

  test('shows the newest first, and can be asked for a user and a status', async () => {
    expect(idsOf(await list('userId=even'))).toEqual(['L-10', 'L-8', 'L-6', 'L-4', 'L-2', 'L-0'])
    expect(idsOf(await list('status=completed'))).toEqual(['L-7', 'L-4'])
    expect(idsOf(await list('status=completed&userId=odd'))).toEqual(['L-7'])
    expect(await list('userId=unknown')).toEqual({ data: [], nextCursor: null })
  })

  test('can be asked for a time', async () => {
    const { order } = (await ingest.call('GET', '/v1/orders/L-6')).json()
    const at = encodeURIComponent(order.createdAt)
    expect(idsOf(await list(`userId=even&from=${at}`))).toContain('L-6')
    expect(idsOf(await list(`userId=even&from=${at}`))).not.toContain('L-4')
    expect(idsOf(await list(`userId=even&to=${at}`))).toEqual(['L-4', 'L-2', 'L-0'])
    const inParis = encodeURIComponent(
      new Date(Date.parse(order.createdAt) + 7_200_000).toISOString().replace('Z', '+02:00'),
    )
    expect(idsOf(await list(`userId=even&to=${inParis}`))).toEqual(['L-4', 'L-2', 'L-0'])
  })

  test('in pages, nothing is missed or repeated, whatever is registered meanwhile', async () => {
    const seen: string[] = []
    let cursor: string | null = ''
    for (let page = 0; cursor !== null; page += 1) {
      const response: { data: { orderId: string }[]; nextCursor: string | null } = await list(
        `userId=odd&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      seen.push(...idsOf(response))
      cursor = response.nextCursor
      await register(`later-${page}`, 'odd')
    }
    expect(seen).toEqual(['L-11', 'L-9', 'L-7', 'L-5', 'L-3', 'L-1'])
  })

  test('orders of one microsecond are told apart by their ids', async () => {
    const ids = ['T-c', 'T-a', 'T-b', 'T-d']
    for (const id of ids) await register(id, 'twins')
    await ingest.database.owner.query(
      `UPDATE orders SET created_at = '2026-01-02T03:04:05.678901Z'::timestamptz
         - CASE order_id WHEN 'T-d' THEN interval '1 microsecond' ELSE interval '0' END
       WHERE user_id = 'twins'`,
    )
    const seen: string[] = []
    let query = 'userId=twins&limit=1'
    for (let page = 0; page < 4; page += 1) {
      const response = await list(query)
      seen.push(...idsOf(response))
      query = `userId=twins&limit=1&cursor=${response.nextCursor}`
    }
    expect(seen).toEqual(['T-a', 'T-b', 'T-c', 'T-d'])
  })

  test('goes on behind the longest ids that there may be', async () => {
    const ids = ['1', '2', '3'].map((end) => '订'.repeat(127) + end)
    for (const id of ids) await register(id, 'long')
    const first = await list('userId=long&limit=2')
    const second = await list(`userId=long&limit=2&cursor=${first.nextCursor}`)
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.toReversed())
  })

  test.each(['status=lost', 'from=yesterday', 'userId=', 'limit=101', 'provider=%00'])(
    'cannot be asked for %s',
    async (query) => {
      expect(await list(query)).toMatchObject({ status: 400, code: 'validation_failed' })
    },
  )

  test.each([
    'bm8',
    Buffer.from('[1,"a\\u0000b"]').toString('base64url'),
    Buffer.from('[1,2]').toString('base64url'),
    Buffer.from('["1","a"]').toString('base64url'),
  ])('does not take %s for a cursor', async (cursor) => {
    expect(await list(`cursor=${cursor}`)).toMatchObject({ status: 400, code: 'invalid_cursor' })
  })
})

test.each(['/v1/orders?userid=user-1', '/v1/accounts/user-1/ledger?limits=1'])(
  '%s is rejected: a parameter that is ignored would list what was not asked for',
  async (url) => {
    const response = await ingest.call('GET', url)
    expect(response.json()).toMatchObject({ status: 400, code: 'validation_failed' })
  },
)

test('no cache keeps a response, and no browser guesses its type', async () => {
  for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
    const response = await ingest.call('GET', '/v1/orders', undefined, headers)
    expect(response.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  }
})
