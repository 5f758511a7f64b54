import { expect, test } from '@jest/globals'
import { createTestDatabase, sharedRedisUrl, startService } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { paxyo } from '../paxyo.ts'

const KEY = 'a-panel-api-key'
const ORDERS = 60

test('a word is mapped, and the deliveries of all orders with it are replayed by one command', async () => {
  await using database = await createTestDatabase()
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: 'a-webhook-token',
    PANEL_API_KEYS: KEY,
  }
  const ingest = await startService('webhook-ingest', settings)
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` }
    const response = await fetch(`${ingest.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!response.ok) throw new Error(await response.text())
  }
  const ids = Array.from({ length: ORDERS }, (_, index) => `${index + 1}`)
  for (const id of ids) await post('/v1/orders', { ...AN_ORDER, orderId: `A-${id}`, providerOrderId: id })
  const updates = ids.map((id) => ({ order_id: id, status: 'Anulowane' }))
  await post('/webhooks/godofpanel/a-webhook-token', updates)
  await ingest.end('SIGTERM')

  await using mapped = await startService('webhook-ingest', { ...settings, STATUS_MAP: 'Anulowane=canceled' })
  const env = { PAXYO_URL: mapped.url, PAXYO_API_KEY: KEY }
  const [review] = (await paxyo(['reviews', 'list', '--json'], env)).json() as { reviewId: string }[]
  const shown = await paxyo(['reviews', 'show', review!.reviewId], env)
  expect(shown.stdout).toContain(`in ${ORDERS} deliveries that are not replayed, means canceled now; replay them with`)
  expect(await paxyo(['reviews', 'replay', review!.reviewId, '--by', 'Ann'], env)).toMatchObject({
    code: 0,
    stdout:
      `deliveries replayed: ${ORDERS} (${ORDERS} applied)\nrefunds paid: ${ORDERS}\n` +
      `reviews dismissed: ${ORDERS}\n`,
  })
  expect((await paxyo(['reviews', 'list'], env)).stdout).toBe('No reviews.\n')
})

const AN_ORDER = {
  userId: 'user-1',
  service: 'followers',
  link: 'https://example.com',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
}
