import { expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
import type { LightMyRequestResponse } from 'fastify'
import { randomUUID } from 'node:crypto'
import { startIngest } from '../../ingest-fixture.ts'

test('a flood for one account gets 503 beyond its part of the queue; webhooks, reads and other accounts do not wait', async () => {
  await using ingest = await startIngest()
  await ingest.register({ userId: 'calm' })
  await ingest.call('POST', '/v1/accounts', { userId: 'other', currency: 'USD' })
  await ingest.register({ orderId: 'B-1', providerOrderId: 'B-1', userId: 'busy' })
  // Deposits into this account wait for its lock.
  const holder = await ingest.database.owner.connect()
  using lock = new DisposableStack()
  lock.defer(() => holder.release(true))
  await holder.query(`BEGIN; SELECT FROM accounts WHERE user_id = 'busy' FOR UPDATE`)
  const deposit = (userId: string, authorization?: string) => {
    const headers = { 'idempotency-key': randomUUID(), ...(authorization === undefined ? {} : { authorization }) }
    return ingest.call('POST', `/v1/accounts/${userId}/deposits`, { amount: '1', currency: 'USD' }, headers)
  }
  const rejected: LightMyRequestResponse[] = []
  const deposits = Array.from({ length: 40 }, async () => {
    const response = await deposit('busy')
    if (response.statusCode === 503) rejected.push(response)
    return response.statusCode
  })
  await eventually(() => rejected.length === 8)
  for (const response of rejected) {
    expect(response.json()).toMatchObject({ status: 503, code: 'queue_full' })
    expect(response.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
    })
  }
  // Before its body is read, and only for a sender with a valid key.
  const invalid = { amount: 'none' }
  expect((await ingest.call('POST', '/v1/accounts/busy/deposits', invalid)).statusCode).toBe(503)
  expect((await ingest.call('POST', '/v1/orders/B-1/actions', invalid)).statusCode).toBe(503)
  expect((await deposit('busy', 'Bearer another-key')).statusCode).toBe(401)
  expect((await ingest.call('POST', '/v1/accounts/other/deposits', invalid)).statusCode).toBe(400)

  const webhook = await ingest.webhook({ order_id: '12345', status: 'canceled' })
  expect(webhook.json()).toMatchObject({ results: [{ outcome: 'applied', refund: '2.5' }] })
  const read = await ingest.call('GET', '/v1/orders?limit=1')
  expect([read.statusCode, read.json().data.length]).toEqual([200, 1])
  expect((await deposit('other')).statusCode).toBe(201)

  lock.dispose()
  const statuses = await Promise.all(deposits)
  expect(statuses.filter((status) => status === 201)).toHaveLength(32)
  expect(ingest.log.filter(({ msg }) => msg === 'requests rejected, too many wait')).toMatchObject([
    { level: 40, access: 'write', reason: 'subject', rejected: 1 },
  ])
})
