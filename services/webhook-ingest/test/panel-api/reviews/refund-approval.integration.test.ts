import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually, ledgerViolations } from '@paxyo/testkit'
import type { RefundApproval } from '@paxyo/order-core'
import { startIngest, TOKEN, type IngestFixture } from '../../ingest-fixture.ts'

/** Orders cost 2.5 USD: half of one is above the limit, 300 of 1000 are not. */
const ABOVE_ONE_DOLLAR: RefundApproval = { isAlways: false, limits: new Map([['USD', 100_000_000n]]) }

let ingest: IngestFixture
const startWith = async (refundApproval: RefundApproval): Promise<void> => {
  ingest = await startIngest({ tokens: [TOKEN] }, { refundApproval })
}
beforeEach(() => startWith(ABOVE_ONE_DOLLAR))
afterEach(async () => {
  const violations = await ledgerViolations(ingest.database.owner)
  if (Object.keys(violations).length > 0) throw new Error(JSON.stringify(violations))
  await ingest[Symbol.asyncDispose]()
})

const update = (status: string, remains?: number) =>
  ingest.webhook({ order_id: '12345', status, ...(remains === undefined ? {} : { remains }) })
const openReviewIds = async (): Promise<string[]> => {
  const { rows } = await ingest.database.owner.query<{ id: string }>(
    `SELECT review_id AS id FROM reviews WHERE resolved_at IS NULL AND reason = 'refund_needs_approval'`,
  )
  return rows.map(({ id }) => id)
}
const onlyReview = async (): Promise<string> => {
  const ids = await openReviewIds()
  expect(ids).toHaveLength(1)
  return ids[0]!
}
const read = async (reviewId: string) => (await ingest.call('GET', `/v1/reviews/${reviewId}`)).json()
const resolve = (reviewId: string, body: object, by = ingest) =>
  by.call('POST', `/v1/reviews/${reviewId}/resolve`, { note: 'checked at the provider', ...body })
const approve = (reviewId: string, amount: string, by = ingest) => resolve(reviewId, { action: 'approve', amount }, by)
const paid = async (): Promise<string> => (await ingest.call('GET', '/v1/accounts/user-1')).json().account.balance

test('a refund above the limit waits, and its approval pays it', async () => {
  await ingest.register()
  const events = await ingest.follow('user-1')
  expect((await update('canceled')).json()).toEqual({
    results: [{ orderId: '12345', outcome: 'review', reason: 'refund_needs_approval' }],
  })
  expect(await paid()).toBe('0')
  const reviewId = await onlyReview()
  expect(await read(reviewId)).toMatchObject({
    order: { status: 'pending' },
    proposal: { refund: '2.5', status: 'canceled', remains: null },
  })

  expect((await approve(reviewId, '2.5')).json()).toMatchObject({
    order: { status: 'canceled', refunded: '2.5' },
    account: { balance: '2.5' },
    refund: { amount: '2.5' },
    review: { resolution: { action: 'refund', status: 'canceled' } },
  })
  expect(await eventually(() => events.find(({ seq }) => seq === 2))).toMatchObject({
    order: { status: 'canceled' },
    refund: { amount: '2.5' },
  })
  expect(await read(reviewId)).toMatchObject({ proposal: null })
  expect((await update('canceled')).json()).toMatchObject({ results: [{ outcome: 'unchanged' }] })
  expect((await approve(reviewId, '2.5')).json()).toMatchObject({ code: 'review_resolved' })
})

test('a refund up to the limit is paid at once, and all refunds of an order count together', async () => {
  await ingest.register()
  expect((await update('partial', 300)).json()).toMatchObject({ results: [{ outcome: 'applied', refund: '0.75' }] })
  expect((await update('partial', 500)).json()).toMatchObject({ results: [{ outcome: 'review' }] })
  const reviewId = await onlyReview()
  expect(await read(reviewId)).toMatchObject({ proposal: { refund: '0.5', status: 'partial', remains: 500 } })
  expect((await approve(reviewId, '0.5')).json()).toMatchObject({ order: { remains: 500, refunded: '1.25' } })
})

test('a currency without a limit is paid at once; with the switch on, every refund waits', async () => {
  await ingest.register({ currency: 'EUR' })
  expect((await update('canceled')).json()).toMatchObject({ results: [{ outcome: 'applied', refund: '2.5' }] })

  await ingest[Symbol.asyncDispose]()
  await startWith({ isAlways: true, limits: new Map() })
  await ingest.register({ currency: 'EUR' })
  expect((await update('partial', 1)).json()).toMatchObject({ results: [{ reason: 'refund_needs_approval' }] })
  // Nothing is paid: there is nothing to approve.
  expect((await update('in progress')).json()).toMatchObject({ results: [{ outcome: 'applied' }] })
})

test('two updates while the review waits: one review, whose approval applies both', async () => {
  await ingest.register()
  await update('partial', 600)
  const reviewId = await onlyReview()
  expect(await read(reviewId)).toMatchObject({ proposal: { refund: '1.5', status: 'partial' } })
  await update('canceled')

  expect(await openReviewIds()).toEqual([reviewId])
  expect((await approve(reviewId, '1.5')).json()).toMatchObject({ status: 409, code: 'refund_changed' })
  expect(await read(reviewId)).toMatchObject({ review: { count: 2 }, proposal: { refund: '2.5', status: 'canceled' } })
  expect((await approve(reviewId, '2.5')).json()).toMatchObject({ order: { status: 'canceled', refunded: '2.5' } })
})

test('approvals, webhooks and an action of the owner race: the charge is refunded once', async () => {
  await ingest.register()
  await update('canceled')
  const reviewId = await onlyReview()
  const cancel = { action: 'cancel', note: 'the user asked' }
  await Promise.all([
    ...Array.from({ length: 4 }, () => approve(reviewId, '2.5')),
    ...Array.from({ length: 4 }, () => update('canceled')),
    ingest.call('POST', '/v1/orders/A-1/actions', cancel),
    update('partial', 900),
  ])
  expect(await paid()).toBe('2.5')
  for (const id of await openReviewIds()) expect(await read(id)).toMatchObject({ proposal: null })
})

test('a dismissed refund is not paid by the approval of a later one', async () => {
  await ingest.register()
  await update('partial', 600)
  expect((await resolve(await onlyReview(), { action: 'dismiss' })).statusCode).toBe(200)
  await update('partial', 500)
  const reviewId = await onlyReview()
  expect(await read(reviewId)).toMatchObject({ proposal: { refund: '1.25', remains: 500 } })
  await approve(reviewId, '1.25')
  expect(await paid()).toBe('1.25')
})

test('a refund that came before its order waits, too, and survives a restart', async () => {
  await update('canceled')
  expect((await ingest.register()).json()).toMatchObject({ order: { status: 'pending', refunded: '0' } })
  const reviewId = await onlyReview()
  await using another = await startIngest({ tokens: [TOKEN] }, { database: ingest.database })
  expect((await approve(reviewId, '2.5', another)).json()).toMatchObject({ order: { status: 'canceled' } })
  expect(await paid()).toBe('2.5')
})

test('a replay waits with its delivery, and pays nothing twice', async () => {
  await ingest.register()
  await update('partial', 600)
  const reviewId = await onlyReview()
  const { rows } = await ingest.database.owner.query<{ id: string }>('SELECT delivery_id AS id FROM deliveries')
  const replay = await ingest.call('POST', `/v1/deliveries/${rows[0]!.id}/replay`)
  expect(replay.json()).toMatchObject({ outcome: 'review', reason: 'refund_needs_approval' })
  expect(await openReviewIds()).toEqual([reviewId])
  await approve(reviewId, '1.5')
  expect(await paid()).toBe('1.5')
})

test('only a refund that waits can be approved', async () => {
  await ingest.register()
  await update('failed')
  const { rows } = await ingest.database.owner.query<{ id: string }>('SELECT review_id AS id FROM reviews')
  expect((await approve(rows[0]!.id, '2.5')).json()).toMatchObject({ status: 409, code: 'review_not_approvable' })
  expect((await approve(rows[0]!.id, '0')).json()).toMatchObject({ code: 'validation_failed' })
})
