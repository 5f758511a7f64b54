import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pruneIdempotencyKeys } from '@paxyo/database'
import { randomUUID } from 'node:crypto'
import { anOrder, startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const deposit = (userId: string, key: string, amount = '1') =>
  ingest.call('POST', `/v1/accounts/${userId}/deposits`, { amount, currency: 'USD' }, { 'idempotency-key': key })

async function openAccount(): Promise<string> {
  const userId = randomUUID()
  await ingest.call('POST', '/v1/accounts', { userId, currency: 'USD' })
  return userId
}

const balanceOf = async (userId: string): Promise<string> =>
  (await ingest.call('GET', `/v1/accounts/${userId}`)).json().account.balance

test('the same request again is answered the same, and has its effect once', async () => {
  const userId = await openAccount()
  const key = randomUUID()
  const first = await deposit(userId, key)
  await deposit(userId, randomUUID(), '5')
  const again = await deposit(userId, key)

  expect(again.statusCode).toBe(201)
  expect(again.body).toBe(first.body)
  expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
  expect(again.headers['content-type']).toBe('application/json; charset=utf-8')
  expect(await balanceOf(userId)).toBe('6')
})

test('the order of members makes no difference; another body, path or user does', async () => {
  const userId = await openAccount()
  const key = randomUUID()
  const headers = { 'idempotency-key': key }
  const path = `/v1/accounts/${userId}/deposits`
  await ingest.call('POST', path, { amount: '1', currency: 'USD' }, headers)
  const turned = await ingest.call('POST', path, { currency: 'USD', amount: '1' }, headers)
  expect(turned.headers['idempotent-replayed']).toBe('true')

  for (const response of [
    await deposit(userId, key, '2'),
    await deposit(await openAccount(), key),
    await ingest.call('POST', '/v1/accounts', { userId, currency: 'USD' }, headers),
    await ingest.call('POST', '/v1/orders', { ...anOrder(), userId }, headers),
    await ingest.call('POST', '/v1/orders/bulk', { orders: [{ ...anOrder(), userId }] }, headers),
  ]) {
    expect(response.json()).toMatchObject({ status: 409, code: 'idempotency_key_reused' })
  }
  expect(await balanceOf(userId)).toBe('1')
})

test('the same key nine times at once has one effect, and all get its response', async () => {
  const userId = await openAccount()
  const key = randomUUID()
  const responses = await Promise.all(Array.from({ length: 9 }, () => deposit(userId, key)))

  const fresh = responses.filter(
    ({ statusCode, headers }) => statusCode === 201 && headers['idempotent-replayed'] === undefined,
  )
  expect(fresh).toHaveLength(1)
  for (const { statusCode, body } of responses) expect([statusCode, body]).toEqual([201, fresh[0]!.body])
  expect(await balanceOf(userId)).toBe('1')
})

test('the same key at once in two processes has one effect; a request gets its response, or has to retry', async () => {
  await using other = await startIngest(undefined, { database: ingest.database })
  const userId = await openAccount()
  const key = randomUUID()
  const path = `/v1/accounts/${userId}/deposits`
  const send = (to: IngestFixture) =>
    to.call('POST', path, { amount: '1', currency: 'USD' }, { 'idempotency-key': key })
  const responses = await Promise.all(Array.from({ length: 8 }, (_, index) => send(index % 2 === 0 ? ingest : other)))

  const done = responses.filter(({ statusCode }) => statusCode === 201)
  expect(done.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1)
  for (const response of responses.filter(({ statusCode }) => statusCode !== 201)) {
    expect(response.json()).toMatchObject({ status: 409, code: 'idempotency_key_in_use' })
    expect(response.headers['retry-after']).toBe('1')
  }
  expect(await balanceOf(userId)).toBe('1')
  expect((await send(other)).body).toBe(done[0]!.body)
})

test('a request that was refused does not use up its key', async () => {
  const userId = await openAccount()
  const key = randomUUID()
  const order = { ...anOrder(), orderId: userId, providerOrderId: userId, userId, payment: 'account' }
  const register = () => ingest.call('POST', '/v1/orders', order, { 'idempotency-key': key })
  expect((await register()).json()).toMatchObject({ code: 'insufficient_funds' })

  await deposit(userId, randomUUID(), '2.5')
  expect((await register()).statusCode).toBe(201)
})

test('the effect and its answer are committed together or not at all', async () => {
  const userId = await openAccount()
  const key = randomUUID()
  // The response cannot be stored, so the deposit must not be committed, either.
  await ingest.database.owner.query(`REVOKE INSERT ON idempotency_keys FROM paxyo_ingest`)
  try {
    expect((await deposit(userId, key)).statusCode).toBe(500)
    expect(await balanceOf(userId)).toBe('0')
  } finally {
    await ingest.database.owner.query(`GRANT INSERT ON idempotency_keys TO paxyo_ingest`)
  }
  expect((await deposit(userId, key)).statusCode).toBe(201)
})

test.each(['', 'with space', 'ü', 'x'.repeat(256)])('%p is no key', async (key) => {
  const response = await deposit('unknown', key)
  expect(response.json()).toMatchObject({ status: 400, code: 'validation_failed' })
})

test('keys are kept for two days, then forgotten', async () => {
  const { owner } = ingest.database
  const userId = await openAccount()
  const [young, old] = [randomUUID(), randomUUID()]
  await deposit(userId, young)
  await deposit(userId, old)
  const age = `UPDATE idempotency_keys SET created_at = now() - $2::interval WHERE idempotency_key = $1`
  await owner.query(age, [young, '47 hours'])
  await owner.query(age, [old, '49 hours'])

  expect(await pruneIdempotencyKeys(owner)).toBe(1)
  expect((await deposit(userId, young)).headers['idempotent-replayed']).toBe('true')
})
