import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { pruneIdempotencyKeys } from '@paxyo/database'
import type { LightMyRequestResponse } from 'fastify'
import { randomUUID } from 'node:crypto'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

// Payment processors repeat their notifications for days, long after idempotency keys have been deleted.

let ingest: IngestFixture
let userId: string
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})
beforeEach(async () => {
  userId = await openAccount()
})

async function openAccount(): Promise<string> {
  const id = randomUUID()
  await ingest.call('POST', '/v1/accounts', { userId: id, currency: 'USD' })
  return id
}

interface Request {
  readonly user?: string
  readonly paymentRef?: string | number
  readonly key?: string
  readonly amount?: string
  readonly currency?: string
}

const deposit = ({ user = userId, paymentRef, key, amount = '10', currency = 'USD' }: Request) =>
  ingest.call(
    'POST',
    `/v1/accounts/${user}/deposits`,
    { amount, currency, ...(paymentRef === undefined ? {} : { paymentRef }) },
    key === undefined ? {} : { 'idempotency-key': key },
  )

const balanceOf = async (user: string): Promise<string> =>
  (await ingest.call('GET', `/v1/accounts/${user}`)).json().account.balance

const isReplay = ({ headers }: LightMyRequestResponse): boolean => headers['idempotent-replayed'] === 'true'

/** Deletes keys as maintenance does, two days later. */
async function deleteIdempotencyKeys(): Promise<void> {
  await ingest.database.owner.query(`UPDATE idempotency_keys SET created_at = now() - interval '49 hours'`)
  expect(await pruneIdempotencyKeys(ingest.database.owner)).toBeGreaterThan(0)
}

test('a deposit repeated after its idempotency key was deleted is paid once, and answered as the first time', async () => {
  const key = randomUUID()
  const first = await deposit({ key })
  await deposit({ key: randomUUID(), amount: '5' })
  await deleteIdempotencyKeys()
  const again = await deposit({ key })

  expect(await balanceOf(userId)).toBe('15')
  expect([again.statusCode, isReplay(again), again.body]).toEqual([201, true, first.body])
})

test('a payment is paid once under its paymentRef, whatever the key, for ever', async () => {
  const paymentRef = randomUUID()
  const first = await deposit({ paymentRef, key: randomUUID() })
  const [otherKey, noKey, refAsKey] = [
    await deposit({ paymentRef, key: randomUUID() }),
    await deposit({ paymentRef }),
    await deposit({ key: paymentRef }),
  ]
  await deleteIdempotencyKeys()
  const late = await deposit({ paymentRef })

  expect(first.json().deposit.paymentRef).toBe(paymentRef)
  expect(isReplay(first)).toBe(false)
  for (const again of [otherKey, noKey, refAsKey, late]) {
    expect([again.statusCode, isReplay(again), again.body]).toEqual([201, true, first.body])
  }
  expect(await balanceOf(userId)).toBe('10')
})

test('a paymentRef may be a number, as PHP keeps ids', async () => {
  const paymentRef = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER)
  await deposit({ paymentRef })
  expect(isReplay(await deposit({ paymentRef: String(paymentRef) }))).toBe(true)
})

test('the same paymentRef with another amount, currency or account is rejected, and pays nothing', async () => {
  const paymentRef = randomUUID()
  const other = await openAccount()
  await deposit({ paymentRef })
  for (const response of [
    await deposit({ paymentRef, amount: '10.00000001' }),
    await deposit({ paymentRef, currency: 'EUR' }),
    await deposit({ paymentRef, user: other }),
    await deposit({ key: paymentRef, amount: '11' }),
  ]) {
    expect(response.json()).toMatchObject({ status: 409, code: 'payment_ref_reused' })
  }
  expect(isReplay(await deposit({ paymentRef, amount: '10.00' }))).toBe(true)
  expect([await balanceOf(userId), await balanceOf(other)]).toEqual(['10', '0'])
})

test('one payment nine times at once is paid once', async () => {
  const paymentRef = randomUUID()
  const responses = await Promise.all(Array.from({ length: 9 }, () => deposit({ paymentRef, key: randomUUID() })))

  expect(responses.map(({ statusCode }) => statusCode)).toEqual(Array(9).fill(201))
  expect(responses.filter((response) => !isReplay(response))).toHaveLength(1)
  expect(new Set(responses.map(({ body }) => body)).size).toBe(1)
  expect(await balanceOf(userId)).toBe('10')
})

test('one payment for two accounts at once is paid to one of them', async () => {
  const paymentRef = randomUUID()
  const users = [userId, await openAccount()]
  const responses = await Promise.all(
    Array.from({ length: 10 }, (_, index) => deposit({ paymentRef, user: users[index % 2]! })),
  )

  expect(responses.map(({ statusCode }) => statusCode).toSorted((one, other) => one - other)).toEqual([
    ...Array<number>(5).fill(201),
    ...Array<number>(5).fill(409),
  ])
  expect((await Promise.all(users.map(balanceOf))).toSorted()).toEqual(['0', '10'])
})

test('a full account is no reason to reject the repetition of a payment that it holds', async () => {
  const paymentRef = randomUUID()
  const amount = '999999999999.99999999'
  await deposit({ paymentRef, amount })
  expect(isReplay(await deposit({ paymentRef, amount }))).toBe(true)
})

test('a deposit needs a paymentRef or an Idempotency-Key', async () => {
  expect((await deposit({})).json()).toMatchObject({ status: 400, code: 'idempotency_key_missing' })
})

test.each(['', ' x', 'a\0b', 'x'.repeat(129), 1.5])('%p is no paymentRef', async (paymentRef) => {
  expect((await deposit({ paymentRef })).json()).toMatchObject({ status: 400, code: 'validation_failed' })
})

test('the ledger names the payment of a deposit, and none for what is no deposit', async () => {
  const paymentRef = randomUUID()
  await deposit({ paymentRef })
  const orderId = randomUUID()
  await ingest.register({ orderId, providerOrderId: orderId, userId, payment: 'account' })
  const { data } = (await ingest.call('GET', `/v1/accounts/${userId}/ledger`)).json()

  expect(data).toMatchObject([
    { kind: 'charge', paymentRef: null },
    { kind: 'deposit', paymentRef },
  ])
})
