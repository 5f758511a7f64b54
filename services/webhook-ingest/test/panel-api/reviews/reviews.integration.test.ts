import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually, ledgerViolations } from '@paxyo/testkit'
import { hashApiKey, makeApiKey } from '@paxyo/database'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

interface Review {
  readonly reviewId: string
  readonly reason: string
  readonly orderId: string | null
  readonly resolution: Record<string, unknown> | null
}

let orders = 0
/** An order of a new user with an open review; by default, its status is failed. */
async function openReview(...updates: Record<string, unknown>[]) {
  orders += 1
  const ids = { orderId: `A-${orders}`, providerOrderId: `${orders}`, userId: `user-${orders}` }
  expect((await ingest.register(ids)).statusCode).toBe(201)
  const events = await ingest.follow(ids.userId)
  for (const update of updates.length > 0 ? updates : [{ status: 'failed' }]) {
    await ingest.webhook({ order_id: ids.providerOrderId, ...update })
  }
  const { rows } = await ingest.database.owner.query<{ review_id: string }>(
    'SELECT review_id FROM reviews WHERE order_id = $1',
    [ids.orderId],
  )
  return { ...ids, reviewId: rows[0]!.review_id, events }
}
const resolve = (reviewId: string, body: object, headers: object = {}) =>
  ingest.call('POST', `/v1/reviews/${reviewId}/resolve`, body, headers)
const read = async (reviewId: string) => (await ingest.call('GET', `/v1/reviews/${reviewId}`)).json()

describe('lists', () => {
  test('by state and reason, the newest first, in pages', async () => {
    const failed = [await openReview(), await openReview(), await openReview()]
    const unknown = await openReview({ status: 'exploded' })
    await resolve(failed[0]!.reviewId, { action: 'dismiss', note: 'nothing to do' })
    const list = async (query: string): Promise<string[]> => {
      const ids: string[] = []
      for (let cursor: string | null = ''; cursor !== null;) {
        const url: string = `/v1/reviews?limit=2&${query}${cursor === '' ? '' : `&cursor=${cursor}`}`
        const page = (await ingest.call('GET', url)).json<{ data: Review[]; nextCursor: string | null }>()
        ids.push(...page.data.map(({ reviewId }) => reviewId))
        cursor = page.nextCursor
      }
      return ids
    }
    const newestFirst = failed.map(({ reviewId }) => reviewId).toReversed()

    expect(await list('state=open&reason=order_failed')).toEqual(newestFirst.slice(0, 2))
    expect(await list('state=resolved')).toEqual(newestFirst.slice(2))
    expect(await list('reason=order_failed')).toEqual(newestFirst)
    expect(await list('reason=unknown_status')).toEqual([unknown.reviewId])
    expect(await list('')).toEqual([unknown.reviewId, ...newestFirst])
  })

  test.each(['cursor=nonsense', 'cursor=WzFd', 'state=closed', 'reason=none', 'limit=0', 'limit=101', 'page=2'])(
    '%s is refused',
    async (query) => {
      expect((await ingest.call('GET', `/v1/reviews?${query}`)).statusCode).toBe(400)
    },
  )
})

test('a review is read with everything that led to it', async () => {
  const { reviewId, orderId, providerOrderId, userId } = await openReview(
    { status: 'partial', remains: 300 },
    { status: 'completed' },
  )

  expect(await read(reviewId)).toMatchObject({
    review: { reviewId, reason: 'contradiction', meaning: expect.stringContaining('final status'), resolution: null },
    userId,
    order: { orderId, status: 'partial', refunded: '0.75' },
    account: { userId, balance: '0.75', currency: 'USD' },
    delivery: { outcome: 'review', body: JSON.stringify({ order_id: providerOrderId, status: 'completed' }) },
    deliveries: [{ outcome: 'review' }, { outcome: 'applied' }],
    refunds: [{ amount: '0.75', orderRefunded: '0.75' }],
    otherReviews: [],
  })
  expect(await read('00000000-0000-7000-8000-000000000000')).toMatchObject({ status: 404, code: 'review_not_found' })
  expect(await read('nonsense')).toMatchObject({ status: 400 })
})

describe('resolving', () => {
  test('a refund is paid as a webhook’s is: ledger, account, feed, and an event for the browser', async () => {
    const { reviewId, orderId, userId, events } = await openReview()
    const body = {
      action: 'refund',
      amount: '1.25',
      status: 'partial',
      note: 'half of it was lost',
      actor: 'ann@example',
    }
    const response = await resolve(reviewId, body)

    expect(response.json()).toEqual({
      review: expect.objectContaining({
        resolution: {
          action: 'refund',
          note: 'half of it was lost',
          by: 'ann@example',
          keyId: 'environment',
          at: expect.any(String),
          refundId: expect.any(String),
          status: 'partial',
        },
      }),
      order: expect.objectContaining({ orderId, status: 'partial', refunded: '1.25' }),
      account: { userId, balance: '1.25', currency: 'USD', mode: 'external' },
      refund: { refundId: expect.any(String), amount: '1.25', currency: 'USD' },
      seq: 3,
      epoch: expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    const event = await eventually(() => events.find(({ seq }) => seq === 3))
    expect(event).toMatchObject({
      event: 'order.updated',
      order: { status: 'partial', refunded: '1.25' },
      refund: response.json().refund,
      account: { balance: '1.25' },
    })
    const feed = (await ingest.call('GET', '/v1/refunds?limit=100')).json<{ data: { refundId: string }[] }>()
    expect(feed.data.map(({ refundId }) => refundId)).toContain(response.json().refund.refundId)
    expect((await read(reviewId)).review.resolution).toEqual(response.json().review.resolution)
    expect(await ledgerViolations(ingest.database.owner)).toEqual({})
  })

  test('no more than is left is paid, and what a webhook pays later is only the rest', async () => {
    const { reviewId, providerOrderId } = await openReview()
    const tooMuch = await resolve(reviewId, { action: 'refund', amount: '2.50000001', note: 'all and more' })
    expect(tooMuch.json()).toMatchObject({ status: 409, code: 'refund_exceeds_charge' })
    expect((await read(reviewId)).review.resolution).toBeNull()

    expect((await resolve(reviewId, { action: 'refund', amount: '1', note: 'some' })).statusCode).toBe(200)
    const later = await ingest.webhook({ order_id: providerOrderId, status: 'canceled' })
    expect(later.json()).toMatchObject({ results: [{ outcome: 'applied', refund: '1.5' }] })
    expect(await ledgerViolations(ingest.database.owner)).toEqual({})
  })

  test('a status is set without moving money, and the browser sees it', async () => {
    const { reviewId, events } = await openReview()
    const response = await resolve(reviewId, { action: 'set_status', status: 'completed', note: 'it was delivered' })

    expect(response.json()).toMatchObject({ order: { status: 'completed', refunded: '0' }, refund: null, seq: 3 })
    expect(await eventually(() => events.find(({ seq }) => seq === 3))).not.toHaveProperty('refund')
    expect(await ledgerViolations(ingest.database.owner)).toEqual({})
  })

  test('a dismissal changes nothing for the user, and tells its seq', async () => {
    const { reviewId, userId } = await openReview()
    const response = await resolve(reviewId, { action: 'dismiss', note: 'the provider is right' })

    expect(response.json()).toMatchObject({
      review: { resolution: { action: 'dismiss', by: 'environment', refundId: null, status: null } },
      order: { status: 'failed' },
      account: { userId, balance: '0' },
      seq: 2,
    })
  })

  test('the name of the key is noted when nobody is named', async () => {
    const { reviewId } = await openReview()
    const { key, keyId } = makeApiKey()
    await ingest.database.owner.query('INSERT INTO api_keys (key_id, name, key_hash) VALUES ($1, $2, $3)', [
      keyId,
      'night shift',
      hashApiKey(key),
    ])
    const headers = { authorization: `Bearer ${key}` }
    const response = await resolve(reviewId, { action: 'dismiss', note: 'seen' }, headers)

    expect(response.json()).toMatchObject({ review: { resolution: { by: 'night shift', keyId } } })
  })

  test('a review about no order can only be dismissed', async () => {
    await ingest.webhook([{ status: 'canceled' }, { order_id: '1', status: 'failed' }])
    const { rows } = await ingest.database.owner.query<{ review_id: string }>(
      'SELECT review_id FROM reviews WHERE order_id IS NULL',
    )
    const { review_id: reviewId } = rows[0]!
    expect(await read(reviewId)).toMatchObject({ review: { reason: 'order_id_missing' }, order: null, deliveries: [] })
    const refund = await resolve(reviewId, { action: 'refund', amount: '1', note: 'to whom?' })
    expect(refund.json()).toMatchObject({ status: 409, code: 'review_without_order' })
    const dismissed = await resolve(reviewId, { action: 'dismiss', note: 'the cause is unknown' })
    expect(dismissed.json()).toMatchObject({ order: null, account: null, seq: null, epoch: expect.any(String) })
  })

  test('twice is once: the second is told so, but the same request again is answered the same', async () => {
    const { reviewId } = await openReview()
    const body = { action: 'refund', amount: '1', note: 'some' }
    const first = await resolve(reviewId, body, { 'idempotency-key': `resolve-${reviewId}` })
    const again = await resolve(reviewId, body, { 'idempotency-key': `resolve-${reviewId}` })
    const second = await resolve(reviewId, body)

    expect([first.statusCode, again.statusCode]).toEqual([200, 200])
    expect(again.body).toBe(first.body)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(second.json()).toMatchObject({ status: 409, code: 'review_resolved' })
    expect(await ledgerViolations(ingest.database.owner)).toEqual({})
  })

  test('many who resolve at once, while webhooks pay, too: one resolution, and never more than the charge', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { reviewId, providerOrderId, orderId } = await openReview()
      const [responses] = await Promise.all([
        Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            resolve(reviewId, { action: 'refund', amount: '2', note: `number ${index}`, actor: `person-${index}` }),
          ),
        ),
        ingest.webhook({ order_id: providerOrderId, status: 'partial', remains: 300 }),
      ])
      const codes = responses.map((response) => response.json<{ code?: string }>().code ?? 'resolved')
      const known = new Set(['resolved', 'review_resolved', 'refund_exceeds_charge'])
      expect(codes.filter((code) => !known.has(code))).toEqual([])
      expect(codes.filter((code) => code === 'resolved').length).toBeLessThanOrEqual(1)
      const { rows } = await ingest.database.owner.query(
        `SELECT count(*) FILTER (WHERE amount = 2)::int AS manual FROM ledger_entries WHERE order_id = $1`,
        [orderId],
      )
      expect(rows).toEqual([{ manual: codes.filter((code) => code === 'resolved').length }])
    }
    expect(await ledgerViolations(ingest.database.owner)).toEqual({})
  })

  test.each<[string, object]>([
    ['no reason why', { action: 'dismiss' }],
    ['a reason of spaces', { action: 'dismiss', note: '  ' }],
    ['a reason that cannot be stored', { action: 'dismiss', note: 'a\u0000b' }],
    ['an action that is none', { action: 'ignore', note: 'x' }],
    ['a refund of nothing', { action: 'refund', amount: '0.00', note: 'x' }],
    ['a refund below nothing', { action: 'refund', amount: '-1', note: 'x' }],
    ['a refund as a number', { action: 'refund', amount: 1, note: 'x' }],
    ['a refund with nine decimals', { action: 'refund', amount: '0.000000001', note: 'x' }],
    ['a status that is none', { action: 'set_status', status: 'refunded', note: 'x' }],
    ['a dismissal that pays', { action: 'dismiss', amount: '1', note: 'x' }],
    ['an actor over two lines', { action: 'dismiss', note: 'x', actor: 'ann\nbob' }],
  ])('%s is rejected', async (_name, body) => {
    const { reviewId } = await openReview()
    expect((await resolve(reviewId, body)).json()).toMatchObject({ status: 400, code: 'validation_failed' })
    expect((await read(reviewId)).review.resolution).toBeNull()
  })
})
