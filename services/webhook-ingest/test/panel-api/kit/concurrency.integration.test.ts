import { expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { startIngest } from '../../ingest-fixture.ts'

test('while one account has more requests than the pool, webhooks, reads and other accounts do not wait', async () => {
  await using ingest = await startIngest()
  await ingest.register({ userId: 'calm' })
  for (const userId of ['busy', 'other']) await ingest.call('POST', '/v1/accounts', { userId, currency: 'USD' })
  // Deposits into this account wait for its lock.
  const holder = await ingest.database.owner.connect()
  await holder.query(`BEGIN; SELECT FROM accounts WHERE user_id = 'busy' FOR UPDATE`)
  const deposit = (userId: string) => {
    const headers = { 'idempotency-key': randomUUID() }
    return ingest.call('POST', `/v1/accounts/${userId}/deposits`, { amount: '1', currency: 'USD' }, headers)
  }
  const deposits = Array.from({ length: 40 }, () => deposit('busy'))
  const webhook = await ingest.webhook({ order_id: '12345', status: 'canceled' })
  expect(webhook.json()).toMatchObject({ results: [{ outcome: 'applied', refund: '2.5' }] })
  const read = await ingest.call('GET', '/v1/orders?limit=1')
  expect([read.statusCode, read.json().data.length]).toEqual([200, 1])
  expect((await deposit('other')).statusCode).toBe(201)

  await holder.query('COMMIT')
  holder.release()
  const statuses = (await Promise.all(deposits)).map(({ statusCode }) => statusCode)
  expect(new Set(statuses)).toEqual(new Set([201]))
})
