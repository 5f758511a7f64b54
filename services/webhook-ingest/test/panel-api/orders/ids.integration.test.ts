import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
})
afterAll(async () => ingest[Symbol.asyncDispose]())

test.each([
  ['text', 'A-1', 'x-1', 'ann'],
  ['whole numbers', 2, 9_007_199_254_740_991, 42],
  ['negative numbers, such as the ids of Telegram groups', -3, -4, -1_500_000_001],
])('ids are %s, and are text from then on', async (_kind, orderId, providerOrderId, userId) => {
  const registered = await ingest.register({ orderId, providerOrderId, userId })
  expect(registered.statusCode).toBe(201)
  expect(registered.json().order).toMatchObject({
    orderId: String(orderId),
    providerOrderId: String(providerOrderId),
  })

  const webhook = await ingest.webhook({ order: providerOrderId, status: 'Canceled' })
  expect(webhook.json().results).toMatchObject([{ outcome: 'applied', refund: '2.5' }])
  const account = await ingest.call('GET', `/v1/accounts/${userId}`)
  expect(account.json()).toMatchObject({ account: { userId: String(userId), balance: '2.5' } })
})

test.each([2 ** 53, -(2 ** 53), 1.5, true, '', ' ', null])('%p is not an id', async (userId) => {
  const response = await ingest.register({ orderId: 'A-9', providerOrderId: '9', userId })
  expect(response.json()).toMatchObject({ status: 400, code: 'validation_failed' })
})
