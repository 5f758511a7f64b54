import { expect, test } from '@jest/globals'
import { createTestDatabase, eventually, sharedRedisUrl, startService } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { API_KEY, anOrder, TOKEN } from '../../ingest-fixture.ts'
import { SECRET, startTestPanel } from './test-panel.ts'

const REFUNDS = 60
/** After this many webhooks the panel stops responding, so that some are pending when the sender is killed. */
const RESPONSES_MAX = 16

const refundIdOf = (body: string): string => (JSON.parse(body) as { data: { refundId: string } }).data.refundId

test('kill -9 of whoever sends: the panel is told of every refund, perhaps twice under the same id', async () => {
  await using panel = await startTestPanel()
  await using database = await createTestDatabase()
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: TOKEN,
    PANEL_API_KEYS: API_KEY,
    OUTGOING_WEBHOOK_URL: panel.url,
    OUTGOING_WEBHOOK_SECRET: SECRET,
    OUTGOING_WEBHOOK_TYPES: 'refund.paid',
  }
  // Some requests get a response, some hang, some are cut off: the sender can die in any of these states.
  panel.respond = (_received, response) => {
    const fate = panel.received.length > RESPONSES_MAX ? 3 : panel.received.length % 4
    if (fate === 0) setTimeout(() => response.end('ok'), 20)
    else if (fate === 1) response.end('ok')
    else if (fate === 2) response.destroy()
  }
  const first = await startService('webhook-ingest', env)
  await eventually(async () => (await database.owner.query('SELECT FROM outgoing_webhook_endpoints')).rows.length === 1)
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${first.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${API_KEY}` },
      body: JSON.stringify(body),
    })
  const numbers = Array.from({ length: REFUNDS }, (_, index) => index + 1)
  for (const number of numbers) {
    const order = { ...anOrder(), orderId: `A-${number}`, providerOrderId: `${number}`, userId: `user-${number % 7}` }
    expect((await post('/v1/orders', order)).status).toBe(201)
  }
  // When the process is killed, the second half is committed and mostly not sent.
  for (const half of [numbers.slice(0, REFUNDS / 2), numbers.slice(REFUNDS / 2)]) {
    const updates = half.map((number) => ({ order_id: `${number}`, status: 'canceled' }))
    expect((await post(`/webhooks/godofpanel/${TOKEN}`, updates)).status).toBe(200)
  }
  await eventually(() => panel.received.length >= 4)
  await first.end('SIGKILL')
  const deliveredBefore = new Set(panel.received.map(({ id }) => id)).size
  expect(deliveredBefore).toBeLessThan(REFUNDS)

  panel.respond = (_received, response) => response.end('ok')
  await using successor = await startService('webhook-ingest', env)
  // Expires the leases of the killed process, which would take half a minute.
  const sweep = setInterval(() => {
    const end = `UPDATE outgoing_webhooks SET due_at = now() WHERE due_at > now() + interval '1 second'`
    // It may lose a deadlock against a claim; the next run succeeds.
    database.owner.query(end).catch(() => undefined)
  }, 200)
  try {
    await eventually(async () => {
      await fetch(`${successor.url}/v1/outgoing-webhooks/retry`, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_KEY}` },
      })
      const { rows } = await database.owner.query(`SELECT FROM outgoing_webhooks WHERE state = 'delivered'`)
      return rows.length === REFUNDS
    })
  } finally {
    clearInterval(sweep)
  }
  const { rows } = await database.owner.query<{ id: string }>(
    `SELECT entry_id AS id FROM ledger_entries WHERE kind = 'refund'`,
  )
  const refundIds = new Map(panel.received.map(({ id, body }) => [id, refundIdOf(body)]))
  expect([...refundIds.values()].toSorted()).toEqual(rows.map(({ id }) => id).toSorted())
})
