import { afterEach, expect, test } from '@jest/globals'
import { startWithProvider, type ProviderFixture } from '../provider-fixture.ts'
import type { SimulatorOptions } from '@paxyo/provider-simulator'

let fixture: ProviderFixture
const start = async (simulation: SimulatorOptions = {}): Promise<ProviderFixture> => {
  fixture = await startWithProvider({}, simulation)
  return fixture
}
afterEach(async () => {
  await fixture[Symbol.asyncDispose]()
})

interface OrderRow {
  readonly provider_order_id: string
  readonly status: string
  readonly remains: number | null
  readonly refunded: number
  readonly paid: number
}

/** Only these statuses have meaningful remains; an order with another final status keeps the last reported value. */
const withRemains = (status: string, remains: number | null): number | null =>
  status === 'in_progress' || status === 'partial' ? remains : null

const readOrders = async (): Promise<OrderRow[]> => {
  const { rows } = await fixture.database.owner.query<OrderRow>(
    `SELECT provider_order_id, status, remains::int, refunded::float8,
       (SELECT coalesce(sum(amount), 0)::float8 FROM ledger_entries WHERE ledger_entries.order_id = orders.order_id) AS paid
     FROM orders ORDER BY provider_order_id`,
  )
  return rows.map((row) => Object.assign(row, { remains: withRemains(row.status, row.remains) }))
}

/** The expected state of the simulator's orders, each with quantity 1000 and charge 2.5. */
const expectedOrders = (): OrderRow[] =>
  fixture.simulator
    .orders()
    .map(({ orderId, status, remains }) => {
      const refunded = status === 'canceled' ? 2.5 : status === 'partial' ? (2.5 * remains) / 1000 : 0
      return { provider_order_id: orderId, status, remains: withRemains(status, remains), refunded, paid: refunded }
    })
    .toSorted((one, other) => (one.provider_order_id < other.provider_order_id ? -1 : 1))

test('webhooks that were dropped, doubled and mixed up: afterwards every order is as the provider has it', async () => {
  const seed = Math.floor(Math.random() * 1_000_000)
  process.stderr.write(`seed ${seed}\n`)
  const { simulator } = await start({
    seed,
    dropRate: 0.4,
    duplicateRate: 0.3,
    reorderRate: 0.3,
    delayMsMax: 30,
  })
  const ids = Array.from({ length: 230 }, (_, index) => `${7000 + index}`)
  await fixture.placeAll(ids, 5)
  simulator.burst(500)
  for (const [index, id] of ids.entries()) {
    const action = (['complete', 'partial', 'cancel', 'progress'] as const)[index % 4]!
    if (simulator.order(id)!.status !== 'completed') simulator.act(id, action)
  }
  await simulator.idle()
  expect(simulator.deliveries.counts.dropped).toBeGreaterThan(100)
  expect(await readOrders()).not.toEqual(expectedOrders())

  const report = await fixture.reconcile({ silentForMs: 0 })
  expect(report).toMatchObject({ withoutResponse: [], left: [], unknown: [] })
  expect(report.stoppedBy).toBeUndefined()
  const orders = await readOrders()
  expect(orders).toEqual(expectedOrders())

  const again = await fixture.reconcile({ orderIds: ids.map((id) => `A-${id}`) })
  expect(again).toMatchObject({ askedCount: 230, refunds: [], reviews: [] })
  expect(again.outcomes).toEqual({ unchanged: 230 })
  expect(await readOrders()).toEqual(orders)
})

test('only open orders that were silent for long enough are asked about, and then they are silent no more', async () => {
  const { simulator, database } = await start()
  for (const id of ['1', '2', '3', '4']) await fixture.place(id)
  simulator.complete('1')
  simulator.progress('2')
  await simulator.idle()
  await database.owner.query(`UPDATE orders SET updated_at = now() - interval '7 hours'`)
  await database.owner.query(`UPDATE deliveries SET received_at = now() - interval '5 hours'`)
  simulator.setWebhook(undefined)
  simulator.cancel('3')
  const request = { silentForMs: 6 * 3_600_000 }

  expect(await fixture.reconcile(request)).toMatchObject({
    askedCount: 2,
    outcomes: { applied: 1, progress: 1 },
    refunds: [{ orderId: 'A-3', amount: '2.5' }],
    late: [{ orderId: 'A-3', status: 'canceled' }],
  })
  expect(await fixture.reconcile(request)).toMatchObject({ askedCount: 0, outcomes: {} })
  const { rows } = await database.owner.query(
    `SELECT provider_order_id, outcome FROM deliveries WHERE origin = 'reconcile' ORDER BY 1`,
  )
  expect(rows).toEqual([
    { provider_order_id: '3', outcome: 'applied' },
    { provider_order_id: '4', outcome: 'progress' },
  ])
})

test('an order that the provider does not know goes up for review once', async () => {
  const { simulator } = await start()
  await fixture.place('21')
  simulator.setApiFault({ kind: 'forget' })

  expect(await fixture.reconcile({ silentForMs: 0 })).toMatchObject({
    reviews: [{ orderId: 'A-21', reason: 'provider_error' }],
  })
  expect(await fixture.reconcile({ silentForMs: 0 })).toMatchObject({ askedCount: 0, reviews: [] })

  // The review is about the order's former provider order.
  simulator.setApiFault(undefined)
  simulator.add({ orderId: '22', quantity: 1000 })
  expect((await fixture.call('PUT', '/v1/orders/A-21/provider-order', { providerOrderId: '22' })).statusCode).toBe(200)
  expect(await fixture.reconcile({ silentForMs: 0 })).toMatchObject({ askedCount: 1, reviews: [] })
})

test('orders that are not registered are named; a provider that cannot be asked ends the run', async () => {
  const { simulator } = await start()
  await fixture.place('31')
  expect(await fixture.reconcile({ orderIds: ['A-31', 'A-404'] })).toMatchObject({
    askedCount: 1,
    unknown: ['A-404'],
  })

  simulator.setApiFault({ kind: 'malformed' })
  expect(await fixture.reconcile({ orderIds: ['A-31'] })).toMatchObject({
    askedCount: 0,
    stoppedBy: 'malformed_response',
    errors: [
      {
        provider: 'godofpanel',
        code: 'malformed_response',
        status: 200,
        message: expect.stringContaining('One moment, please'),
      },
    ],
    left: ['A-31'],
  })
})

test('it races webhooks about the same orders, and every refund is paid once', async () => {
  const { simulator } = await start({ duplicateRate: 0.5, reorderRate: 0.5 })
  const ids = Array.from({ length: 60 }, (_, index) => `${800 + index}`)
  for (const id of ids) await fixture.place(id, `user-${Number(id) % 3}`)
  const orderIds = ids.map((id) => `A-${id}`)
  for (const [index, id] of ids.entries()) {
    simulator.partial(id)
    if (index % 2 === 0) simulator.change(id, { status: 'canceled' })
    if (index % 20 === 0) await fixture.reconcile({ orderIds })
  }
  await Promise.all([fixture.reconcile({ orderIds }), fixture.reconcile({ orderIds }), simulator.idle()])
  await fixture.reconcile({ orderIds })

  expect(await readOrders()).toEqual(expectedOrders())
})
