import { expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { startIngest } from '../../ingest-fixture.ts'

test('while the panel asks for more than the pool has, a webhook is committed and reads are answered at once', async () => {
  await using ingest = await startIngest()
  await ingest.register({ userId: 'calm' })
  await ingest.call('POST', '/v1/accounts', { userId: 'busy', currency: 'USD' })
  // Deposits into this account wait for its lock.
  const holder = await ingest.database.owner.connect()
  await holder.query(`BEGIN; SELECT FROM accounts WHERE user_id = 'busy' FOR UPDATE`)
  const deposits = Array.from({ length: 40 }, () => {
    const headers = { 'idempotency-key': randomUUID() }
    return ingest.call('POST', '/v1/accounts/busy/deposits', { amount: '1', currency: 'USD' }, headers)
  })
  const webhook = await ingest.webhook({ order_id: '12345', status: 'canceled' })
  expect(webhook.json()).toMatchObject({ results: [{ outcome: 'applied', refund: '2.5' }] })
  const read = await ingest.call('GET', '/v1/orders?limit=1')
  expect([read.statusCode, read.json().data.length]).toEqual([200, 1])

  await holder.query('COMMIT')
  holder.release()
  const statuses = (await Promise.all(deposits)).map(({ statusCode }) => statusCode)
  expect(new Set(statuses)).toEqual(new Set([201]))
})
