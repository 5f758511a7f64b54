import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { chainAuditCalls, createApiKey, createKysely, readAuditCalls, verifyAuditLog } from '@paxyo/database'
import { decodeJwt } from 'jose'
import { anOrder, startIngest, type IngestFixture } from '../ingest-fixture.ts'

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

const db = () => createKysely(ingest.database.poolAs('ingest', 1))

/** The recorded calls without their times, the oldest first. */
const recorded = async () => {
  const calls = await Array.fromAsync(readAuditCalls(db(), {}))
  return calls.toReversed().map(({ at: _at, position: _position, ...call }) => call)
}

const BY = { actor: 'environment', address: '127.0.0.1', result: 'ok', userId: null, after: null }

test('a registration has who sent it, from where, about what, and what it came to', async () => {
  const { key, keyId } = (await createApiKey(createKysely(ingest.database.owner), 'the shop', {
    scopes: ['orders:write'],
  }))!
  const shop = { authorization: `Bearer ${key}` }
  await ingest.call('POST', '/v1/orders', anOrder(), { ...shop, 'idempotency-key': 'once' })
  await ingest.call('POST', '/v1/orders', anOrder(), { ...shop, 'idempotency-key': 'once' })
  await ingest.call('POST', '/v1/orders', { ...anOrder(), charge: '3' }, shop)
  await ingest.call('POST', '/v1/orders', { ...anOrder(), charge: 'none' }, shop)
  await ingest.call('POST', '/v1/tokens', { userId: 'user-1' }, shop)

  const call = { ...BY, actor: keyId, action: 'registerOrder', subject: 'A-1' }
  expect(await recorded()).toEqual([call, { ...call, result: 'order_conflict' }])
  // A denial changes nothing, and is in the log itself.
  const { rows } = await ingest.database.owner.query('SELECT actor, action, result FROM audit_log')
  expect(rows).toEqual([{ actor: keyId, action: 'mintToken', result: 'scope_missing' }])
})

test('a bulk of registrations has each order with its outcome', async () => {
  await ingest.register()
  const order = (orderId: string, more = {}) => ({ ...anOrder(), orderId, providerOrderId: orderId, ...more })
  const orders = [order('B-1'), anOrder(), order('B-2', { currency: 'EUR' }), order('B-3'), { orderId: 'B-4' }]
  expect((await ingest.call('POST', '/v1/orders/bulk', { orders })).statusCode).toBe(200)
  expect((await recorded()).at(-1)).toEqual({
    ...BY,
    action: 'registerOrders',
    subject: null,
    after: { registered: ['B-1', 'B-3'], unchanged: ['A-1'], currency_mismatch: ['B-2'] },
  })
})

test('opened accounts, attached provider orders and test webhooks have theirs', async () => {
  await ingest.call('POST', '/v1/accounts', { userId: 'user-1', currency: 'USD' })
  await ingest.register({ providerOrderId: null })
  await ingest.call('PUT', '/v1/orders/A-1/provider-order', { providerOrderId: '77' })
  await ingest.call('PUT', '/v1/orders/A-9/provider-order', { providerOrderId: '78' })
  await ingest.call('POST', '/v1/test-webhook', { provider: 'godofpanel' })

  expect(await recorded()).toEqual([
    { ...BY, action: 'openAccount', subject: null, userId: 'user-1' },
    { ...BY, action: 'registerOrder', subject: 'A-1' },
    {
      ...BY,
      action: 'attachProviderOrder',
      subject: 'A-1',
      after: { provider: 'godofpanel', providerOrderId: '77' },
    },
    { ...BY, action: 'attachProviderOrder', subject: 'A-9', result: 'order_not_found' },
    { ...BY, action: 'testWebhook', subject: null },
  ])
})

test('each token has its user and its id', async () => {
  const users = Array.from({ length: 50 }, (_, index) => `user-${index}`)
  const responses = await Promise.all(users.map((userId) => ingest.call('POST', '/v1/tokens', { userId })))
  const tokens = responses.map((response) => decodeJwt(response.json().token))

  const calls = await recorded()
  expect(calls).toHaveLength(50)
  for (const { sub, jti } of tokens) {
    expect(calls).toContainEqual({ ...BY, action: 'mintToken', userId: sub, subject: jti })
  }
})

test('without a record there is no token and no order', async () => {
  await ingest.database.owner.query('REVOKE INSERT ON audit_calls FROM paxyo_ingest')
  const token = await ingest.call('POST', '/v1/tokens', { userId: 'user-1' })
  expect([token.statusCode, token.json().token]).toEqual([500, undefined])
  expect((await ingest.register()).statusCode).toBe(500)
  expect((await ingest.database.owner.query('SELECT FROM orders')).rowCount).toBe(0)
})

test('calls of a process that ended before it chained them are chained by another', async () => {
  await ingest.register()
  await ingest.call('POST', '/v1/tokens', { userId: 'user-1' })
  expect(await verifyAuditLog(db())).toMatchObject({ entries: 0, calls: 0 })

  await chainAuditCalls(ingest.database.poolAs('ingest', 1))
  expect(await verifyAuditLog(db())).toMatchObject({ entries: 1, calls: 2, problems: [] })
  expect((await recorded()).map(({ action }) => action)).toEqual(['registerOrder', 'mintToken'])
})
