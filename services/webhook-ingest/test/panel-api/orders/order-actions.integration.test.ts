import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { eventually, ledgerViolations } from '@paxyo/testkit'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
  await ingest.register()
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

const act = (body: object, headers = {}) =>
  ingest.call('POST', '/v1/orders/A-1/actions', { note: 'asked by mail', ...body }, headers)

const history = async () => (await ingest.call('GET', '/v1/orders/A-1')).json()

test('refunds an amount, at once in the browser and for good in the history', async () => {
  const events = await ingest.follow('user-1')
  const response = await act({ action: 'refund', amount: '1', actor: 'ana' })

  expect(response.statusCode).toBe(200)
  expect(response.json()).toMatchObject({
    action: { action: 'refund', status: null, note: 'asked by mail', by: 'ana', keyId: 'environment' },
    order: { status: 'pending', refunded: '1' },
    userId: 'user-1',
    account: { balance: '1' },
    refund: { amount: '1' },
    seq: 2,
  })
  expect(await eventually(() => events.find(({ seq }) => seq === 2))).toMatchObject({ refund: { amount: '1' } })
  expect((await history()).actions).toEqual([response.json().action])
})

test('cancels and refunds what is left, and a webhook that comes later pays nothing more', async () => {
  await act({ action: 'refund', amount: '1' })
  const response = await act({ action: 'cancel' })
  expect(response.json()).toMatchObject({
    order: { status: 'canceled', refunded: '2.5' },
    refund: { amount: '1.5' },
    account: { balance: '2.5' },
  })
  const webhook = await ingest.webhook({ order_id: '12345', status: 'canceled' })
  expect(webhook.json().results).toEqual([{ orderId: '12345', outcome: 'unchanged' }])
  const again = await act({ action: 'cancel' })
  expect(again.json()).toMatchObject({ refund: null, order: { refunded: '2.5' } })
})

test('sets a status, and no money moves', async () => {
  expect((await act({ action: 'set_status', status: 'canceled' })).json()).toMatchObject({
    action: { action: 'set_status', status: 'canceled' },
    order: { status: 'canceled', refunded: '0' },
    refund: null,
  })
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})

test('never refunds more than the charge', async () => {
  expect((await act({ action: 'refund', amount: '2.50000001' })).json()).toMatchObject({
    code: 'refund_exceeds_charge',
  })
  expect((await history()).actions).toEqual([])
})

test('is done once per Idempotency-Key, also when nine come at once', async () => {
  const send = () => act({ action: 'refund', amount: '0.5' }, { 'idempotency-key': 'ticket-7' })
  const responses = await Promise.all(Array.from({ length: 9 }, send))
  expect(responses.filter(({ statusCode }) => statusCode === 200).length).toBeGreaterThan(0)
  expect((await send()).headers['idempotent-replayed']).toBe('true')
  expect(await history()).toMatchObject({ order: { refunded: '0.5' }, actions: [{ action: 'refund' }] })
})

test('races with webhooks and other people, and never pays more than the charge', async () => {
  await Promise.all([
    ...Array.from({ length: 8 }, () => act({ action: 'refund', amount: '0.4' })),
    act({ action: 'cancel' }),
    ingest.webhook({ order_id: '12345', status: 'partial', remains: 500 }),
    ingest.webhook({ order_id: '12345', status: 'canceled' }),
  ])
  expect(await history()).toMatchObject({ order: { refunded: '2.5' } })
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})

test('an order that is not there, and actions that are none', async () => {
  const response = await ingest.call('POST', '/v1/orders/A-9/actions', { action: 'cancel', note: 'x' })
  expect(response.json()).toMatchObject({ status: 404, code: 'order_not_found' })
  for (const body of [
    { action: 'cancel', amount: '1' },
    { action: 'refund' },
    { action: 'delete' },
    { action: 'cancel', note: ' ' },
  ]) {
    expect((await act(body)).json()).toMatchObject({ code: 'validation_failed' })
  }
})
