import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ledgerViolations } from '@paxyo/testkit'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

// Requests that come at once end as if one had come after the other, whichever that is.

const ROUNDS = 12

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const attach = async (orderId: string, providerOrderId: string) => {
  const response = await ingest.call('PUT', `/v1/orders/${orderId}/provider-order`, { providerOrderId })
  return { status: response.statusCode, body: response.json() }
}
const cancel = async (orderId: string): Promise<number> =>
  (await ingest.call('POST', `/v1/orders/${orderId}/actions`, { action: 'cancel', note: 'race' })).statusCode
const canceled = async (id: string): Promise<Record<string, unknown>> =>
  (await ingest.webhook({ order_id: id, status: 'Canceled' })).json().results[0] as Record<string, unknown>
const read = async (orderId: string) => (await ingest.call('GET', `/v1/orders/${orderId}`)).json()
const rounds = Array.from({ length: ROUNDS }, (_, round) => round)

test.each(rounds)(
  'a webhook and the attaching of its order: refunded once, nothing left waiting (%d)',
  async (round) => {
    const [orderId, id] = [`W-${round}`, `w-${round}`]
    await ingest.register({ orderId, userId: orderId, providerOrderId: null })
    const [, first, second] = await Promise.all([attach(orderId, id), canceled(id), canceled(id)])
    for (const { outcome } of [first, second])
      expect(['parked', 'superseded', 'applied', 'unchanged']).toContain(outcome)
    const { order, refunds } = await read(orderId)
    expect([order.status, order.refunded, refunds.length]).toEqual(['canceled', '2.5', 1])
  },
)

test.each(rounds)('a cancel of the former order and its replacement: one of them, not both (%d)', async (round) => {
  const [orderId, id, next] = [`R-${round}`, `r-${round}`, `rn-${round}`]
  await ingest.register({ orderId, userId: orderId, providerOrderId: id })
  const [{ status, body }, { outcome }] = await Promise.all([attach(orderId, next), canceled(id)])
  const { order, refunds } = await read(orderId)
  const seen = [outcome, status === 200 ? 'attached' : body.code, order.status, refunds.length]
  expect([
    ['superseded', 'attached', 'pending', 0],
    ['applied', 'order_final', 'canceled', 1],
  ]).toContainEqual(seen)
})

test.each(rounds)(
  'a cancel by a person and the attaching: paid back once, and the panel learns of it (%d)',
  async (round) => {
    const [orderId, id] = [`C-${round}`, `c-${round}`]
    await ingest.register({ orderId, userId: orderId, providerOrderId: null })
    const [{ status, body }, canceledStatus] = await Promise.all([attach(orderId, id), cancel(orderId)])
    expect([200, canceledStatus]).toEqual([canceledStatus, 200])
    const { order, refunds } = await read(orderId)
    expect([order.status, order.refunded, refunds.length]).toEqual(['canceled', '2.5', 1])
    expect(status === 200 ? order.providerOrderId : body.code).toBe(status === 200 ? id : 'order_final')
  },
)

test.each(rounds)(
  'one provider order and two orders: one has it, the other hears that it is taken (%d)',
  async (round) => {
    const id = `t-${round}`
    const orderIds = ['a', 'b'].map((name) => `T-${round}${name}`)
    for (const orderId of orderIds) await ingest.register({ orderId, userId: orderId, providerOrderId: null })
    const results = await Promise.all([
      ...orderIds.map((orderId) => attach(orderId, id)),
      ingest.register({ orderId: `T-${round}c`, userId: `T-${round}c`, providerOrderId: id }).then((response) => ({
        status: response.statusCode === 201 ? 200 : response.statusCode,
        body: response.json(),
      })),
    ])
    expect(results.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409])
    expect(results.flatMap(({ body }) => body.code ?? [])).toEqual(['provider_order_taken', 'provider_order_taken'])
  },
)

test.each(rounds)(
  'two provider orders of one order: the later one stays, the other is named as replaced (%d)',
  async (round) => {
    const orderId = `D-${round}`
    const ids = [`d1-${round}`, `d2-${round}`]
    await ingest.register({ orderId, userId: orderId, providerOrderId: null })
    const results = await Promise.all(ids.map((id) => attach(orderId, id)))
    const replaced = results.flatMap(({ body }) => body.replaced?.providerOrderId ?? [])
    const { order, providerOrders } = await read(orderId)
    expect(replaced).toEqual([ids.find((id) => id !== order.providerOrderId)])
    expect(providerOrders.map(({ providerOrderId }: { providerOrderId: string }) => providerOrderId)).toEqual([
      ...replaced,
      order.providerOrderId,
    ])
    expect(await canceled(replaced[0])).toMatchObject({ outcome: 'superseded' })
  },
)

test('after all of this the audit is clean: no delivery waits for an order that is there', async () => {
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})
