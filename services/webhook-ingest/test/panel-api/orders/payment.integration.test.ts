import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { anOrder, startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

let orders = 0
const fresh = () => {
  orders += 1
  return { orderId: `P-${orders}`, providerOrderId: `p-${orders}` }
}

async function accountWith(amount: string): Promise<string> {
  const userId = randomUUID()
  await ingest.call('POST', '/v1/accounts', { userId, currency: 'USD' })
  const headers = { 'idempotency-key': randomUUID() }
  await ingest.call('POST', `/v1/accounts/${userId}/deposits`, { amount, currency: 'USD' }, headers)
  return userId
}

const entriesOf = async (userId: string) =>
  (await ingest.call('GET', `/v1/accounts/${userId}/ledger`)).json().data.toReversed() as Record<string, unknown>[]

test('the charge is taken from the account, and the event shows what is left', async () => {
  const userId = await accountWith('10')
  const events = await ingest.follow(userId)
  const ids = fresh()
  const response = await ingest.register({ ...ids, userId, payment: 'account' })

  expect(response.statusCode).toBe(201)
  expect(response.json()).toMatchObject({ seq: 2, order: { charge: '2.5' } })
  await eventually(() => events.at(-1)?.seq === 2)
  expect(events.slice(-1)).toMatchObject([{ seq: 2, event: 'order.registered', account: { balance: '7.5' } }])
  expect(await entriesOf(userId)).toMatchObject([
    { kind: 'deposit', amount: '10', balanceAfter: '10', orderId: null },
    { kind: 'charge', amount: '2.5', balanceAfter: '7.5', orderId: ids.orderId },
  ])
})

test('what is given back goes into the same account', async () => {
  const userId = await accountWith('2.5')
  const ids = fresh()
  await ingest.register({ ...ids, userId, payment: 'account' })
  await ingest.webhook({ order_id: ids.providerOrderId, status: 'canceled' })

  expect(await entriesOf(userId)).toMatchObject([{ kind: 'deposit' }, { kind: 'charge' }, { kind: 'refund' }])
  expect((await ingest.call('GET', `/v1/accounts/${userId}`)).json().account.balance).toBe('2.5')
})

test('an order that was canceled before it was registered is paid and given back at once, in this order', async () => {
  const userId = await accountWith('3')
  const ids = fresh()
  await ingest.webhook({ order_id: ids.providerOrderId, status: 'canceled' })
  const response = await ingest.register({ ...ids, userId, payment: 'account' })

  expect(response.json()).toMatchObject({
    seq: 3,
    appliedDeliveries: 1,
    order: { status: 'canceled', refunded: '2.5' },
  })
  expect(await entriesOf(userId)).toMatchObject([
    { kind: 'deposit', balanceAfter: '3' },
    { kind: 'charge', balanceAfter: '0.5' },
    { kind: 'refund', balanceAfter: '3' },
  ])
})

test('orders of one request that are paid and given back stand in the ledger in the order in which it happened', async () => {
  const userId = await accountWith('10')
  const [first, second] = [fresh(), fresh()]
  await ingest.webhook({ order_id: first.providerOrderId, status: 'canceled' })
  const row = (ids: object): object => ({ ...anOrder(), ...ids, userId, payment: 'account' })
  await ingest.call('POST', '/v1/orders/bulk', { orders: [row(first), row(second)] })

  expect(await entriesOf(userId)).toMatchObject([
    { kind: 'deposit', balanceAfter: '10' },
    { kind: 'charge', balanceAfter: '7.5', orderId: first.orderId },
    { kind: 'refund', balanceAfter: '10', orderId: first.orderId },
    { kind: 'charge', balanceAfter: '7.5', orderId: second.orderId },
  ])
})

test('with too little in the account nothing happens', async () => {
  const userId = await accountWith('2.49999999')
  const rejected = await ingest.register({ ...fresh(), userId, payment: 'account' })
  const stranger = await ingest.register({ ...fresh(), userId: 'stranger', payment: 'account' })

  for (const response of [rejected, stranger]) {
    expect(response.json()).toMatchObject({ status: 409, code: 'insufficient_funds' })
  }
  expect(await entriesOf(userId)).toHaveLength(1)
  expect((await ingest.call('GET', '/v1/accounts/stranger')).statusCode).toBe(404)
})

test('nine orders at once take no more than there is', async () => {
  const userId = await accountWith('10')
  const responses = await Promise.all(
    Array.from({ length: 9 }, () => ingest.register({ ...fresh(), userId, payment: 'account' })),
  )

  expect(responses.filter(({ statusCode }) => statusCode === 201)).toHaveLength(4)
  expect(responses.filter((response) => response.json().code === 'insufficient_funds')).toHaveLength(5)
  expect((await ingest.call('GET', `/v1/accounts/${userId}`)).json().account.balance).toBe('0')
})

test('the same order is paid for once, and is another one when it is paid otherwise', async () => {
  const userId = await accountWith('10')
  const order = { ...fresh(), userId, payment: 'account' }
  const responses = await Promise.all(Array.from({ length: 8 }, () => ingest.register(order)))

  expect(responses.filter(({ statusCode }) => statusCode === 201)).toHaveLength(1)
  expect(responses.filter(({ statusCode }) => statusCode === 200)).toHaveLength(7)
  expect((await ingest.register({ ...order, payment: 'external' })).json()).toMatchObject({ code: 'order_conflict' })
  expect(await entriesOf(userId)).toHaveLength(2)
})

test('the database itself refuses a second charge of an order', async () => {
  const userId = await accountWith('10')
  const ids = fresh()
  await ingest.register({ ...ids, userId, payment: 'account' })
  const second = ingest.database.owner.query(
    `INSERT INTO ledger_entries (entry_id, user_id, kind, order_id, amount, balance_after, created_at)
     VALUES (gen_random_uuid(), $1, 'charge', $2, 1, 1, now())`,
    [userId, ids.orderId],
  )
  await expect(second).rejects.toThrow('charge_of_order')
})

test('a refund that the account could not hold is left for a person, and its order is registered nevertheless', async () => {
  const userId = await accountWith('999999999999')
  const ids = fresh()
  await ingest.webhook({ order_id: ids.providerOrderId, status: 'canceled' })
  const response = await ingest.register({ ...ids, userId })

  expect(response.statusCode).toBe(201)
  expect(response.json()).toMatchObject({ order: { status: 'pending', refunded: '0' } })
  const again = await ingest.webhook({ order_id: ids.providerOrderId, status: 'canceled' })
  expect(again.json().results).toMatchObject([{ outcome: 'review', reason: 'balance_limit' }])
})
