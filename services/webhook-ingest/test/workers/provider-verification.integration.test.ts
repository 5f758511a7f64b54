import { afterEach, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { anOrder } from '../ingest-fixture.ts'
import { startWithProvider, type ProviderFixture } from '../provider-fixture.ts'
import type { VerificationTimes } from '../../src/workers/provider-verification/provider-verification.ts'

const FAST: VerificationTimes = {
  retryDelayMs: 20,
  retryDelayMsMax: 100,
  lagMs: 0,
  giveUpAfterMs: 300_000,
  leaseMs: 60_000,
  // No test depends on it: a commit wakes the worker.
  pollIntervalMs: 3_600_000,
}

let fixture: ProviderFixture
const start = async (times: Partial<VerificationTimes> = {}): Promise<ProviderFixture> => {
  fixture = await startWithProvider({ verifiesRefunds: true, verificationTimes: { ...FAST, ...times } })
  return fixture
}
afterEach(async () => {
  await fixture[Symbol.asyncDispose]()
})

const settled = (orderId: string): Promise<Record<string, unknown>> =>
  eventually(async () => {
    const order = await fixture.read(orderId)
    return (order['outcomes'] as string[] | null)?.includes('awaiting_verification') === false ? order : undefined
  })
const verifications = async (): Promise<Record<string, unknown>[]> =>
  (await fixture.database.owner.query('SELECT * FROM verifications ORDER BY provider_order_id, created_at'))
    .rows as never

test('a provider that agrees: answered at once, asked, and paid', async () => {
  const { simulator } = await start()
  const events = await fixture.follow('user-1')
  await fixture.place('101')
  await fixture.place('102')
  simulator.cancel('101')
  simulator.change('102', { status: 'partial', remains: 300 })
  await simulator.idle()

  expect(simulator.deliveries.newest.map(({ response }) => response)).toEqual([
    expect.stringContaining('"outcome":"awaiting_verification"'),
    expect.stringContaining('"outcome":"awaiting_verification"'),
  ])
  expect(await settled('101')).toEqual({
    status: 'canceled',
    refunded: 2.5,
    paid: 2.5,
    outcomes: ['applied'],
    reviews: null,
  })
  expect(await settled('102')).toMatchObject({ status: 'partial', refunded: 0.75, paid: 0.75, outcomes: ['applied'] })
  await eventually(() => events.filter((event) => 'refund' in event && event.refund !== undefined).length === 2)
  expect(await verifications()).toMatchObject([
    { attempts: 1, response: expect.stringContaining('Canceled'), settled_at: expect.any(Date) },
    { attempts: 1, response: expect.stringContaining('Partial'), settled_at: expect.any(Date) },
  ])
})

test('what moves no money is not asked about', async () => {
  const { simulator } = await start()
  await fixture.place('103')
  for (const _ of [1, 2, 3]) simulator.progress('103')
  simulator.complete('103')
  await simulator.idle()

  expect((await fixture.read('103'))['outcomes']).not.toContain('awaiting_verification')
  expect(simulator.requests).toEqual({})
  expect(await verifications()).toEqual([])
})

test('a provider that disagrees: nothing is paid, and a person sees what both have said', async () => {
  const { simulator } = await start()
  await fixture.place('104')
  simulator.add({ orderId: '105' })
  // A forged webhook: the order is still open at the provider.
  await fixture.webhook({ order_id: '104', status: 'canceled' })

  expect(await settled('104')).toEqual({
    status: 'pending',
    refunded: 0,
    paid: 0,
    outcomes: ['review'],
    reviews: ['provider_disagrees'],
  })
  const { rows } = await fixture.database.owner.query(
    `SELECT body, response FROM reviews JOIN deliveries USING (delivery_id) JOIN verifications USING (delivery_id)`,
  )
  expect(rows).toEqual([
    { body: '{"order_id":"104","status":"canceled"}', response: expect.stringContaining('Pending') },
  ])
  expect(await eventually(() => fixture.log.find(({ reason }) => reason === 'provider_disagrees'))).toMatchObject({
    webhook: { status: 'canceled' },
    response: { status: 'pending' },
  })
})

test('a larger rest than the provider says is not paid; a smaller one is', async () => {
  const { simulator } = await start()
  await fixture.place('106')
  await fixture.place('107')
  simulator.setWebhook(undefined)
  simulator.change('106', { status: 'partial', remains: 300 })
  simulator.change('107', { status: 'canceled' })
  await fixture.webhook({ order_id: '106', status: 'partial', remains: 301 })
  await fixture.webhook({ order_id: '107', status: 'partial', remains: 400 })

  expect(await settled('106')).toMatchObject({ paid: 0, reviews: ['provider_disagrees'] })
  // The order moved on from partial to canceled: this refund is due in any case, and a webhook about the rest follows.
  expect(await settled('107')).toMatchObject({ status: 'partial', paid: 1, reviews: null })
})

test('an order that the provider does not know is a review at once', async () => {
  const { simulator } = await start({ lagMs: 120_000 })
  await fixture.place('113')
  simulator.setApiFault({ kind: 'forget' })
  await fixture.webhook({ order_id: '113', status: 'canceled' })

  expect(await settled('113')).toMatchObject({ status: 'pending', paid: 0, reviews: ['unknown_to_provider'] })
  expect(await verifications()).toMatchObject([
    { attempts: 1, response: expect.stringContaining('Incorrect order ID') },
  ])
})

test('a refund that its provider verified may still wait for a person', async () => {
  const refundApproval = { isAlways: false, limits: new Map([['USD', 100_000_000n]]) }
  fixture = await startWithProvider({ verifiesRefunds: true, verificationTimes: FAST }, {}, refundApproval)
  await fixture.place('114')
  fixture.simulator.cancel('114')
  expect(await settled('114')).toMatchObject({ status: 'pending', paid: 0, reviews: ['refund_needs_approval'] })

  const { rows } = await fixture.database.owner.query<{ id: string }>('SELECT review_id AS id FROM reviews')
  const approval = { action: 'approve', amount: '2.5', note: 'the provider agrees' }
  expect((await fixture.call('POST', `/v1/reviews/${rows[0]!.id}/resolve`, approval)).statusCode).toBe(200)
  expect(await fixture.read('114')).toMatchObject({ status: 'canceled', refunded: 2.5, paid: 2.5 })
})

test('an API that is a moment behind its webhooks is asked again', async () => {
  const { simulator } = await start({ lagMs: 120_000 })
  await fixture.place('108')
  simulator.setWebhook(undefined)
  await fixture.webhook({ order_id: '108', status: 'canceled' })
  await eventually(() => (simulator.requests['status'] ?? 0) >= 2)
  expect(await fixture.read('108')).toMatchObject({ outcomes: ['awaiting_verification'], reviews: null })

  simulator.cancel('108')
  expect(await settled('108')).toMatchObject({ status: 'canceled', paid: 2.5 })
})

test.each([
  ['down', { kind: 'reset' }],
  ['failing', { kind: 'status', status: 500 }],
  ['answering with pages', { kind: 'malformed' }],
  ['overloaded', { kind: 'status', status: 429, retryAfterS: 60 }],
] as const)('a provider that is %s is asked later, again and again, until it answers', async (_what, fault) => {
  const { simulator } = await start()
  await fixture.place('109')
  simulator.setApiFault(fault)
  simulator.cancel('109')
  await eventually(async () => ((await verifications())[0]?.['attempts'] as number) >= 2)
  expect(await fixture.read('109')).toMatchObject({ status: 'pending', paid: 0, outcomes: ['awaiting_verification'] })

  simulator.setApiFault(undefined)
  expect(await settled('109')).toMatchObject({ status: 'canceled', paid: 2.5, reviews: null })
})

test('a provider that cannot be asked for too long: a person must look at it', async () => {
  const { simulator } = await start()
  await fixture.place('110')
  simulator.setApiFault({ kind: 'malformed' })
  simulator.cancel('110')
  await eventually(async () => (await verifications())[0]?.['last_error'] === 'malformed_response')
  await fixture.database.owner.query(`UPDATE verifications SET created_at = created_at - interval '1 hour'`)

  expect(await settled('110')).toMatchObject({ status: 'pending', paid: 0, reviews: ['not_verified'] })
  expect(await verifications()).toMatchObject([
    { response: null, last_error: 'malformed_response', attempts: expect.any(Number) },
  ])
})

test('the same webhook again while it is being asked about is a duplicate; another one with the same news pays once', async () => {
  const { simulator, app } = await start()
  await fixture.place('111')
  simulator.setApiFault({ kind: 'delay', delayMs: 300 })
  simulator.cancel('111')
  simulator.announce(['111'])
  simulator.announce(['111'])
  await simulator.idle()
  simulator.setApiFault(undefined)

  const order = await settled('111')
  expect(order).toMatchObject({ status: 'canceled', refunded: 2.5, paid: 2.5, reviews: null })
  expect((order['outcomes'] as string[]).toSorted()).toEqual(['applied', 'unchanged', 'unchanged'])
  expect(app.server.listening).toBe(true)
})

test('a webhook that came before its order was registered is asked about, too', async () => {
  const { simulator } = await start()
  simulator.add({ orderId: '112' })
  simulator.cancel('112')
  await simulator.idle()
  expect(simulator.deliveries.newest[0]!.response).toContain('parked')

  const registered = await fixture.register({ ...anOrder(), providerOrderId: '112' })
  expect(registered.json()).toMatchObject({ order: { status: 'pending', refunded: '0' } })
  expect(await settled('112')).toMatchObject({ status: 'canceled', paid: 2.5, outcomes: ['applied'] })
})

test('hundreds at once are asked about by the hundred', async () => {
  const { simulator, database } = await start()
  const ids = Array.from({ length: 250 }, (_, index) => `${5000 + index}`)
  await fixture.placeAll(ids, 7)
  simulator.setApiFault({ kind: 'status', status: 500 })
  for (const id of ids) simulator.cancel(id)
  await simulator.idle()
  simulator.setApiFault(undefined)
  const askedBefore = simulator.requests['status'] ?? 0

  await eventually(async () => {
    const { rows } = await database.owner.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM orders WHERE status = 'canceled' AND refunded = charge`,
    )
    return rows[0]!.count === ids.length
  })
  const { rows } = await database.owner.query(
    `SELECT count(*)::int AS entries, sum(amount)::float8 AS paid, (SELECT sum(balance)::float8 FROM accounts) AS balances
     FROM ledger_entries`,
  )
  expect(rows).toEqual([{ entries: 250, paid: 625, balances: 625 }])
  expect(simulator.requests['status']! - askedBefore).toBeLessThan(30)
})
