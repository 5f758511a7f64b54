import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { eventually, ledgerViolations } from '@paxyo/testkit'
import type { LightMyRequestResponse } from 'fastify'
import { GODOFPANEL, startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  const other = { ...GODOFPANEL, provider: createGodOfPanel({ name: 'second-panel' }) }
  ingest = await startIngest(undefined, { others: [other] })
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

let count = 0
const fresh = () => {
  count += 1
  return { orderId: `L-${count}`, userId: `later-${count}`, id: `l-${count}`, next: `n-${count}` }
}

const attach = (orderId: string, providerOrderId: string, more: object = {}, headers: object = {}) =>
  ingest.call('PUT', `/v1/orders/${orderId}/provider-order`, { providerOrderId, ...more }, headers)
const act = (orderId: string, action: object) =>
  ingest.call('POST', `/v1/orders/${orderId}/actions`, { note: 'by mail', ...action })
const webhook = async (id: string, status: string, more: object = {}): Promise<Record<string, unknown>> =>
  (await ingest.webhook({ order_id: id, status, ...more })).json().results[0] as Record<string, unknown>
const read = async (orderId: string) => (await ingest.call('GET', `/v1/orders/${orderId}`)).json()
const codeOf = (response: LightMyRequestResponse) => [response.statusCode, response.json().code]
const balanceOf = async (userId: string): Promise<string> =>
  (await ingest.call('GET', `/v1/accounts/${userId}`)).json().account.balance

/** An order of a user with 2.5, all of which it costs; the provider has not been asked yet. */
async function reserve({ orderId, userId }: { orderId: string; userId: string }): Promise<void> {
  const deposit = { amount: '2.5', currency: 'USD', paymentRef: `pay-${userId}` }
  await ingest.call('POST', '/v1/accounts', { userId, currency: 'USD' })
  await ingest.call('POST', `/v1/accounts/${userId}/deposits`, deposit)
  const response = await ingest.register({ orderId, userId, providerOrderId: null, payment: 'account' })
  expect(response.statusCode).toBe(201)
  expect(await balanceOf(userId)).toBe('0')
}

describe('an order without a provider order', () => {
  test('is registered, shown to its user with an empty id, and gets one that applies what had been waiting', async () => {
    const { orderId, userId, id } = fresh()
    const events = await ingest.follow(userId)
    const registered = await ingest.register({ orderId, userId, providerOrderId: undefined })
    expect(registered.json()).toMatchObject({ order: { provider: null, providerOrderId: null, status: 'pending' } })
    expect(await webhook(id, 'Partial', { remains: 300 })).toMatchObject({ outcome: 'parked' })

    const attached = await attach(orderId, id)
    expect([attached.statusCode, attached.json()]).toEqual([
      200,
      expect.objectContaining({
        order: expect.objectContaining({
          provider: 'godofpanel',
          providerOrderId: id,
          status: 'partial',
          refunded: '0.75',
        }),
        seq: 3,
        replaced: null,
        appliedDeliveries: 1,
      }),
    ])
    await eventually(() => events.length === 3)
    expect(events.map((event) => 'order' in event && event.order.providerOrderId)).toEqual(['', id, id])
    const history = await read(orderId)
    expect(history.deliveries).toMatchObject([{ provider: 'godofpanel', providerOrderId: id, outcome: 'applied' }])
    expect(history.providerOrders).toEqual([
      { provider: 'godofpanel', providerOrderId: id, from: expect.any(String), to: null, keyId: 'environment' },
    ])
  })

  test('its registration may be repeated before and after, and is another order with another id', async () => {
    const { orderId, userId, id, next } = fresh()
    const register = (providerOrderId: string | null) => ingest.register({ orderId, userId, providerOrderId })
    await register(null)
    expect((await register(null)).statusCode).toBe(200)
    expect(codeOf(await register(id))).toEqual([409, 'order_conflict'])
    await attach(orderId, id)
    const again = await register(null)
    expect([again.statusCode, again.json().order.providerOrderId]).toEqual([200, id])
    expect((await register(id)).statusCode).toBe(200)
    expect(codeOf(await register(next))).toEqual([409, 'order_conflict'])
    const bulk = { orders: [{ ...registration(orderId, userId), providerOrderId: null }] }
    expect((await ingest.call('POST', '/v1/orders/bulk', bulk)).json()).toMatchObject({ unchanged: 1 })
  })

  const registration = (orderId: string, userId: string) => ({
    orderId,
    userId,
    service: 'Instagram followers',
    link: 'https://instagram.com/somebody',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
  })

  test('a provider alone is refused: it names no order', async () => {
    const { orderId, userId } = fresh()
    const response = await ingest.register({ orderId, userId, providerOrderId: null, provider: 'godofpanel' })
    expect(codeOf(response)).toEqual([400, 'provider_order_id_missing'])
    const bulk = { orders: [{ ...registration(orderId, userId), provider: 'godofpanel' }] }
    expect((await ingest.call('POST', '/v1/orders/bulk', bulk)).json().results[0]).toMatchObject({
      outcome: 'rejected',
      code: 'provider_order_id_missing',
    })
  })
})

describe('attaching', () => {
  test('again changes nothing; another order, provider or status is answered clearly', async () => {
    const { orderId, userId, id } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: null })
    const first = (await attach(orderId, id)).json()
    expect((await attach(orderId, id)).json()).toEqual({ ...first, appliedDeliveries: 0 })

    const other = fresh()
    await ingest.register({ orderId: other.orderId, userId: other.userId, providerOrderId: other.id })
    expect(codeOf(await attach(other.orderId, id))).toEqual([409, 'provider_order_taken'])
    expect(codeOf(await attach('unknown', 'x'))).toEqual([404, 'order_not_found'])
    expect(codeOf(await attach(orderId, id, { provider: 'third-panel' }))).toEqual([400, 'unknown_provider'])
    // The same id of another provider is another order.
    const moved = await attach(other.orderId, id, { provider: 'second-panel' })
    expect(moved.json()).toMatchObject({
      order: { provider: 'second-panel', providerOrderId: id },
      replaced: { provider: 'godofpanel', providerOrderId: other.id },
    })
  })

  test('a settled order is not bought again, unless a person opens it', async () => {
    for (const status of ['Completed', 'Partial', 'Canceled']) {
      const { orderId, userId, id, next } = fresh()
      await ingest.register({ orderId, userId, providerOrderId: id })
      await webhook(id, status, { remains: 10 })
      expect(codeOf(await attach(orderId, next))).toEqual([409, 'order_final'])
      expect((await attach(orderId, id)).statusCode).toBe(200)
    }
    const { orderId, userId, id, next } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: id })
    await webhook(id, 'Completed')
    await act(orderId, { action: 'set_status', status: 'pending' })
    expect((await attach(orderId, next)).statusCode).toBe(200)
  })

  test('with an Idempotency-Key a late retry does not bring an old id back', async () => {
    const { orderId, userId, id, next } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: null })
    const first = await attach(orderId, id, {}, { 'idempotency-key': `attach-${orderId}` })
    await attach(orderId, next)
    const late = await attach(orderId, id, {}, { 'idempotency-key': `attach-${orderId}` })
    expect(late.body).toBe(first.body)
    expect((await read(orderId)).order.providerOrderId).toBe(next)
  })
})

describe('an order that is sent again', () => {
  test('starts from the beginning, and what the former order says has no effect', async () => {
    const { orderId, userId, id, next } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: id })
    await webhook(id, 'In progress', { remains: 600, start_count: 40 })
    await webhook(id, 'Failed')
    expect((await attach(orderId, next)).json()).toMatchObject({
      order: { status: 'pending', remains: null, startCount: null, providerOrderId: next },
      replaced: { provider: 'godofpanel', providerOrderId: id },
    })

    const before = await read(orderId)
    expect(await webhook(id, 'Canceled')).toEqual({ orderId: id, outcome: 'superseded' })
    expect(await webhook(id, 'Partial', { remains: 900 })).toEqual({ orderId: id, outcome: 'superseded' })
    const after = await read(orderId)
    expect([after.order, after.seq, after.refunds]).toEqual([before.order, before.seq, []])
    expect(after.deliveries.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
      'applied',
      'applied',
      'superseded',
      'superseded',
    ])
    expect(after.providerOrders).toMatchObject([
      { providerOrderId: id, to: after.providerOrders[1].from, keyId: null },
      { providerOrderId: next, to: null, keyId: 'environment' },
    ])
    expect(await webhook(next, 'Canceled')).toMatchObject({ outcome: 'applied', refund: '2.5' })
  })

  test('is found by each of its ids, with the provider', async () => {
    const { orderId, userId, id, next } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: id })
    await attach(orderId, next, { provider: 'second-panel' })
    const found = async (query: string): Promise<string[]> =>
      (await ingest.call('GET', `/v1/orders?${query}`)).json().data.map((order: { orderId: string }) => order.orderId)
    expect(await found(`providerOrderId=${id}`)).toEqual([orderId])
    expect(await found(`providerOrderId=${next}`)).toEqual([])
    expect(await found(`providerOrderId=${next}&provider=second-panel`)).toEqual([orderId])
    expect(codeOf(await ingest.call('GET', `/v1/orders?providerOrderId=${id}&provider=none`))).toEqual([
      400,
      'unknown_provider',
    ])
    // An id that is free again may be another order's.
    const other = fresh()
    await ingest.register({ orderId: other.orderId, userId: other.userId, providerOrderId: id })
    expect(await found(`providerOrderId=${id}`)).toEqual([other.orderId])
    expect(await webhook(id, 'In progress')).toMatchObject({ outcome: 'applied' })
  })

  test('a refund keeps the provider order of its time', async () => {
    const { orderId, userId, id, next } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: id })
    await act(orderId, { action: 'refund', amount: '1' })
    const refundOf = async () => {
      const { data } = (await ingest.call('GET', '/v1/refunds?limit=100')).json()
      return data.find((refund: { orderId: string }) => refund.orderId === orderId)
    }
    const before = await refundOf()
    await attach(orderId, next)
    expect(await refundOf()).toEqual(before)
    expect(before.providerOrderId).toBe(id)
  })

  test('a delivery of the former order that is replayed is superseded, too, and a shared review stays one', async () => {
    const { orderId, userId, id, next } = fresh()
    await ingest.register({ orderId, userId, providerOrderId: id })
    for (const remains of ['', 'x']) await webhook(id, 'Partial', { remains })
    await attach(orderId, next)
    const { data } = (await ingest.call('GET', `/v1/deliveries?orderId=${orderId}`)).json()
    expect(data).toMatchObject([
      { orderId, userId, orderStatus: 'pending', outcome: 'review' },
      { orderId, userId, orderStatus: 'pending', outcome: 'review' },
    ])
    const replayed = await ingest.call('POST', `/v1/deliveries/${data[0].deliveryId}/replay`)
    expect(replayed.json()).toMatchObject({ outcome: 'superseded', refund: null })
  })
})

describe('the money is reserved before the panel buys', () => {
  test('charge, buy, attach: a later cancel pays it back', async () => {
    const order = fresh()
    await reserve(order)
    await attach(order.orderId, order.id)
    await webhook(order.id, 'Canceled')
    expect(await balanceOf(order.userId)).toBe('2.5')
  })

  test('charge, buy in vain, cancel: the charge comes back, and an order that was bought after all is refused', async () => {
    const order = fresh()
    await reserve(order)
    expect((await act(order.orderId, { action: 'cancel' })).statusCode).toBe(200)
    expect(await balanceOf(order.userId)).toBe('2.5')
    expect(codeOf(await attach(order.orderId, order.id))).toEqual([409, 'order_final'])
    expect(await webhook(order.id, 'Canceled')).toMatchObject({ outcome: 'parked' })
    expect(await balanceOf(order.userId)).toBe('2.5')
  })
})

test('after all of this the audit of the ledger is clean', async () => {
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})
