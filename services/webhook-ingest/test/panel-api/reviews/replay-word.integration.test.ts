import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import type { RefundApproval, StatusMap } from '@paxyo/order-core'
import { eventually, ledgerViolations } from '@paxyo/testkit'
import { startIngest, TOKEN, type IngestFixture } from '../../ingest-fixture.ts'

const PATH = `/webhooks/polish/${TOKEN}`
const authentication = { tokens: [TOKEN], signatureKeys: [], allowedCidrs: [] }
const withMap = (statusMap: StatusMap) => ({
  others: [{ provider: createGodOfPanel({ name: 'polish', statusMap }), authentication }],
})

/** Ids of orders that wait until a process has read a new meaning. */
let asked = 100
let before: IngestFixture
/** The service after a restart with a new map. */
let ingest: IngestFixture
const mapped: IngestFixture[] = []
beforeEach(async () => {
  before = ingest = await startIngest({ tokens: [TOKEN] }, withMap({}))
})
afterEach(async () => {
  const violations = await ledgerViolations(before.database.owner)
  if (Object.keys(violations).length > 0) throw new Error(JSON.stringify(violations))
  for (const fixture of mapped.splice(0)) await fixture[Symbol.asyncDispose]()
  await before[Symbol.asyncDispose]()
})

async function map(statusMap: StatusMap, refundApproval?: RefundApproval): Promise<void> {
  const approval = refundApproval === undefined ? {} : { refundApproval }
  ingest = await startIngest({ tokens: [TOKEN] }, { ...withMap(statusMap), ...approval, database: before.database })
  mapped.push(ingest)
}

const register = (id: string, provider = 'polish') =>
  before.register({ orderId: `${provider}-${id}`, providerOrderId: id, userId: `user-${id}`, provider })
const say = (id: string, status: string, path = PATH) => before.webhook({ order_id: id, status }, path)
async function reviewOf(
  orderId: string,
): Promise<{ reviewId: string; resolution: { note: string; by: string } | null }> {
  const { data } = (await ingest.call('GET', `/v1/reviews?orderId=${orderId}&reason=unknown_status`)).json()
  return data[0]
}
const replay = async (reviewId: string, body: object = {}) =>
  (await ingest.call('POST', `/v1/reviews/${reviewId}/replay`, body)).json()
const statusOf = async (orderId: string): Promise<string> =>
  (await ingest.call('GET', `/v1/orders/${orderId}`)).json().order.status
const word = async (reviewId: string) => (await ingest.call('GET', `/v1/reviews/${reviewId}`)).json().unknownWord

test('once a word is mapped, one review replays it for all orders, pays, and dismisses their reviews', async () => {
  for (const id of ['1', '2', '3', '4']) await register(id)
  await register('1', 'godofpanel')
  for (const id of ['1', '2', '3']) await say(id, id === '2' ? 'ANULOWANE' : 'Anulo_wane')
  await say('4', 'Inne')
  await say('1', 'Anulowane', `/webhooks/godofpanel/${TOKEN}`)
  const { reviewId } = await reviewOf('polish-1')
  expect(await word(reviewId)).toEqual({ provider: 'polish', word: 'anulowane', status: null, deliveries: 3 })
  expect(await replay(reviewId)).toMatchObject({ status: 409, code: 'status_word_unmapped' })

  await map({ Anulowane: 'canceled' })
  expect(await word(reviewId)).toMatchObject({ status: 'canceled', deliveries: 3 })
  expect(await replay(reviewId, { limit: 2, actor: 'Ann' })).toMatchObject({
    provider: 'polish',
    word: 'anulowane',
    status: 'canceled',
    replayed: 2,
    outcomes: { applied: 2 },
    refunds: [{ amount: '2.5' }, { amount: '2.5' }],
    reviewsDismissed: 2,
    remaining: 1,
  })
  expect(await replay(reviewId)).toMatchObject({ replayed: 1, outcomes: { applied: 1 }, remaining: 0 })
  expect(await replay(reviewId)).toMatchObject({ replayed: 0, outcomes: {}, refunds: [], remaining: 0 })

  for (const id of ['1', '2', '3']) expect(await statusOf(`polish-${id}`)).toBe('canceled')
  expect((await reviewOf('polish-1')).resolution).toMatchObject({
    by: 'Ann',
    note: 'the status word "anulowane" means canceled now; its deliveries were replayed',
  })
  // Another word, and another provider's.
  expect([(await reviewOf('polish-4')).resolution, (await reviewOf('godofpanel-1')).resolution]).toEqual([null, null])
  expect(await statusOf('godofpanel-1')).toBe('pending')
})

test('a word that a person maps has its meaning at once, in every process and after a restart', async () => {
  await map({})
  const another = mapped.at(-1)!
  for (const id of ['1', '2', '3', '4']) await register(id)
  await say('1', 'Anulowane')
  await say('2', 'Anulowane')
  await say('2', 'Canceled')
  await say('3', 'Inne')
  ingest = before
  const { reviewId } = await reviewOf('polish-1')
  const preview = async (status: string) =>
    (await ingest.call('GET', `/v1/reviews/${reviewId}/word-preview?status=${status}`)).json()
  const counts = { provider: 'polish', word: 'anulowane', deliveries: 2, previewed: 2 }
  expect(await preview('canceled')).toEqual({
    ...counts,
    status: 'canceled',
    unchanged: 1,
    changed: 1,
    inReview: 0,
    refunds: [{ currency: 'USD', count: 1, amount: '2.5' }],
  })
  expect(await preview('failed')).toMatchObject({ unchanged: 1, changed: 0, inReview: 1, refunds: [] })
  expect(await preview('ignore')).toMatchObject({ unchanged: 2, changed: 0 })

  const mapWord = async (id: string, status: string) =>
    (await ingest.call('POST', `/v1/reviews/${id}/map-word`, { status, actor: 'Ann' })).json()
  expect(await mapWord(reviewId, 'canceled')).toEqual({ provider: 'polish', word: 'anulowane', status: 'canceled' })
  await eventually(async () => {
    const id = String((asked += 1))
    await register(id)
    const { results } = (await another.webhook({ order_id: id, status: 'ANULOWANE' }, PATH)).json()
    return results[0].outcome === 'applied'
  })
  expect(await word(reviewId)).toMatchObject({ status: 'canceled', deliveries: 2 + asked - 101 })
  const { replayed, outcomes } = await replay(reviewId)
  expect({ replayed, outcomes }).toEqual({
    replayed: 1 + asked - 100,
    outcomes: { applied: asked - 100, unchanged: 1 },
  })

  await map({})
  await register('5')
  await ingest.webhook({ order_id: '5', status: 'anulowane' }, PATH)
  expect(await statusOf('polish-5')).toBe('canceled')
  const other = await reviewOf('polish-3')
  await map({ Inne: 'pending' })
  expect(await mapWord(other.reviewId, 'canceled')).toMatchObject({ status: 409, code: 'status_word_configured' })
  expect(await mapWord(reviewId, 'ignore')).toMatchObject({ status: 'ignore' })
  await register('6')
  await ingest.webhook({ order_id: '6', status: 'anulowane' }, PATH)
  expect(await statusOf('polish-6')).toBe('pending')
})

test('an order about which a person has decided since is left as it is', async () => {
  for (const id of ['1', '2']) await register(id)
  await say('1', 'Anulowane')
  await say('2', 'Anulowane')
  const { reviewId } = await reviewOf('polish-1')
  const decision = { action: 'refund', amount: '0.5', status: 'partial', note: 'the customer keeps the rest' }
  expect((await ingest.call('POST', `/v1/reviews/${reviewId}/resolve`, decision)).statusCode).toBe(200)

  await map({ Anulowane: 'canceled' })
  const other = await reviewOf('polish-2')
  expect(await word(other.reviewId)).toMatchObject({ deliveries: 1 })
  expect(await replay(other.reviewId)).toMatchObject({ replayed: 1, remaining: 0 })
  expect([await statusOf('polish-1'), await statusOf('polish-2')]).toEqual(['partial', 'canceled'])
  expect((await ingest.call('GET', '/v1/orders/polish-1')).json().order.refunded).toBe('0.5')
})

test('a review that another unknown word keeps open stays open until that word is replayed, too', async () => {
  for (const id of ['1', '2']) await register(id)
  await say('1', 'Zaplanowano')
  await say('1', 'W toku')
  await say('2', 'W toku')
  const { reviewId } = await reviewOf('polish-1')
  await map({ Zaplanowano: 'pending' })
  expect(await replay(reviewId)).toMatchObject({ replayed: 1, outcomes: { unchanged: 1 }, reviewsDismissed: 0 })
  expect((await reviewOf('polish-1')).resolution).toBeNull()

  await map({ Zaplanowano: 'pending', 'w toku': 'in_progress' })
  const other = await reviewOf('polish-2')
  expect(await replay(other.reviewId)).toMatchObject({ replayed: 2, reviewsDismissed: 2 })
  expect(await statusOf('polish-1')).toBe('in_progress')
})

test('what was replaced since by a later update, or by a person, is read without being applied', async () => {
  for (const id of ['1', '2', '3']) await register(id)
  for (const id of ['1', '2']) await say(id, 'Zaplanowano')
  await say('1', 'failed')
  const action = { action: 'set_status', status: 'failed', note: 'the provider has called' }
  await ingest.call('POST', '/v1/orders/polish-2/actions', action)
  await say('3', 'Anulowane')
  await say('3', 'in progress')
  await map({ Zaplanowano: 'pending', Anulowane: 'canceled' })
  const { reviewId } = await reviewOf('polish-1')
  expect(await replay(reviewId)).toMatchObject({ outcomes: { stale: 2 }, reviewsDismissed: 2, remaining: 0 })
  expect([await statusOf('polish-1'), await statusOf('polish-2')]).toEqual(['failed', 'failed'])
  // On its arrival a cancellation would have been final.
  expect(await replay((await reviewOf('polish-3')).reviewId)).toMatchObject({ outcomes: { applied: 1 } })
  expect(await statusOf('polish-3')).toBe('canceled')
})

test('the replay of an earlier word does not overtake a later one', async () => {
  await register('1')
  await say('1', 'Robi sie')
  await say('1', 'W toku')
  const { reviewId } = await reviewOf('polish-1')
  await map({ 'Robi sie': 'processing' })
  expect(await replay(reviewId)).toMatchObject({ outcomes: { applied: 1 } })
  await register('2')
  await say('2', 'W toku')
  const other = await reviewOf('polish-2')
  await map({ 'Robi sie': 'processing', 'W toku': 'in_progress' })
  expect(await replay(other.reviewId)).toMatchObject({ outcomes: { applied: 2 } })
  expect(await statusOf('polish-1')).toBe('in_progress')
})

test('of an order that was placed again: its review is dismissed, and the next order with the provider order is told', async () => {
  await register('1')
  await say('1', 'Anulowane')
  await ingest.call('PUT', '/v1/orders/polish-1/provider-order', { provider: 'polish', providerOrderId: '1b' })
  await say('1b', 'Inne')
  const review = await reviewOf('polish-1')
  await map({ Anulowane: 'canceled' })
  expect(await replay(review.reviewId)).toMatchObject({ outcomes: { superseded: 1 }, reviewsDismissed: 0 })
  await map({ Anulowane: 'canceled', Inne: 'in_progress' })
  await register('2')
  await say('2', 'Inne')
  await map({ Anulowane: 'canceled', Inne: 'in_progress' })
  expect(await replay((await reviewOf('polish-2')).reviewId)).toMatchObject({ replayed: 2, reviewsDismissed: 2 })
  expect((await reviewOf('polish-1')).resolution).toMatchObject({ by: 'environment' })
  expect(await statusOf('polish-1')).toBe('in_progress')

  const next = await before.register({ orderId: 'next', providerOrderId: '1', provider: 'polish', userId: 'next' })
  expect(next.json()).toMatchObject({ order: { status: 'canceled', refunded: '2.5' } })
})

test('readers of the changes feed see the dismissal at once', async () => {
  await register('1')
  await say('1', 'Zaplanowano')
  const { reviewId } = await reviewOf('polish-1')
  await map({ Zaplanowano: 'pending' })
  const { cursor } = (await ingest.call('GET', '/v1/changes')).json<{ cursor: string }>()
  const waiting = ingest.call('GET', `/v1/changes?after=${cursor}&types=review.resolved&wait=5`)
  expect(await replay(reviewId)).toMatchObject({ reviewsDismissed: 1 })
  expect((await waiting).json().data).toMatchObject([{ type: 'review.resolved', review: { reviewId } }])
})

test('replayed refunds that wait for a person are approved together', async () => {
  await register('1')
  await before.webhook({ order_id: '1', status: 'Czesciowe', remains: 600 }, PATH)
  await say('1', 'Anulowane')
  const { reviewId } = await reviewOf('polish-1')
  await map({ Czesciowe: 'partial', Anulowane: 'canceled' }, { isAlways: true, limits: new Map() })
  expect(await replay(reviewId)).toMatchObject({ replayed: 1, outcomes: { review: 1 }, reviewsDismissed: 0 })
  const { rows } = await before.database.owner.query<{ id: string }>(
    `SELECT delivery_id AS id FROM deliveries WHERE status_word = 'anulowane'`,
  )
  await ingest.call('POST', `/v1/deliveries/${rows[0]!.id}/replay`)

  const url = '/v1/reviews?orderId=polish-1&reason=refund_needs_approval'
  const { data } = (await ingest.call('GET', url)).json<{ data: { reviewId: string }[] }>()
  expect(data).toHaveLength(1)
  const waiting = (await ingest.call('GET', `/v1/reviews/${data[0]!.reviewId}`)).json()
  expect(waiting).toMatchObject({ review: { count: 2 }, proposal: { refund: '2.5', status: 'canceled' } })
  const approval = { action: 'approve', amount: '2.5', note: 'canceled' }
  expect((await ingest.call('POST', `/v1/reviews/${data[0]!.reviewId}/resolve`, approval)).statusCode).toBe(200)
  expect(await statusOf('polish-1')).toBe('canceled')
})

test('at once, twice and beside new webhooks: every refund is paid once', async () => {
  const ids = Array.from({ length: 12 }, (_, index) => `${index + 1}`)
  for (const id of ids) await register(id)
  for (const id of ids) await say(id, 'Anulowane')
  const { reviewId } = await reviewOf('polish-1')
  await map({ Anulowane: 'canceled' })
  await Promise.all([
    replay(reviewId, { limit: 5 }),
    replay(reviewId),
    replay(reviewId),
    ...ids.map((id) => ingest.webhook({ order_id: id, status: 'Anulowane' }, PATH)),
  ])
  expect(await replay(reviewId)).toMatchObject({ remaining: 0 })
  const { rows } = await before.database.owner.query(
    `SELECT count(*)::int AS refunds, sum(amount)::float8 AS paid FROM ledger_entries WHERE kind = 'refund'`,
  )
  expect(rows).toEqual([{ refunds: 12, paid: 30 }])
})

test('a review about something else, one that is not there, and a provider that is gone', async () => {
  await register('1')
  await say('1', 'failed')
  const { rows } = await before.database.owner.query<{ id: string }>('SELECT review_id AS id FROM reviews')
  expect(await replay(rows[0]!.id)).toMatchObject({ code: 'review_without_word' })
  expect(await replay('019a0000-0000-7000-8000-000000000000')).toMatchObject({ code: 'review_not_found' })
  await register('2')
  await say('2', 'Inne')
  const { reviewId } = await reviewOf('polish-2')
  ingest = await startIngest({ tokens: [TOKEN] }, { database: before.database })
  mapped.push(ingest)
  expect(await replay(reviewId)).toMatchObject({ code: 'unknown_provider' })
})
