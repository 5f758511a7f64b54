import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DaySummary, SearchResult, TestWebhook, Today } from '@paxyo/panel-client'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'

let ingest: IngestFixture
beforeAll(async () => {
  ingest = await startIngest()
  const link = 'https://www.instagram.com/p/AbC_1%/'
  await ingest.register({ orderId: 'o1', providerOrderId: 'p1', userId: 'u1', link, service: 'Likes' })
  await ingest.register({ orderId: 'o2', providerOrderId: 'p2', userId: 'u2', link: 'http://instagram.com/p/AbCdef' })
  await ingest.register({
    orderId: 'u1',
    providerOrderId: 'o1',
    userId: 'u3',
    link: `https://x.com/${'y'.repeat(90)}1`,
  })
  await ingest.register({
    orderId: 'o4',
    providerOrderId: 'p4',
    userId: 'u3',
    link: `https://x.com/${'y'.repeat(90)}2`,
  })
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

const read = async <Response>(url: string): Promise<Response> => (await ingest.call('GET', url)).json<Response>()

describe('a search', () => {
  test.each([
    ['p2', ['o2 providerOrderId'], []],
    ['o1', ['o1 orderId', 'u1 providerOrderId'], []],
    ['u1', ['u1 orderId'], ['u1']],
    ['  u2 ', [], ['u2']],
    ['https://www.instagram.com/p/AbC', ['o2 link', 'o1 link'], []],
    ['instagram.com/p/AbC_1%', ['o1 link'], []],
    ['HTTP://instagram.com/p/AbCd', ['o2 link'], []],
    ['INSTAGRAM.com/p/AbC', [], []],
    ['stagram.com/p/AbC', [], []],
    [`x.com/${'y'.repeat(90)}2`, ['o4 link'], []],
    ['ins', [], []],
    ['%', [], []],
  ])('for %j finds orders %j and users %j', async (q, orders, users) => {
    const found = await read<SearchResult>(`/v1/search?q=${encodeURIComponent(q)}`)
    expect(found.orders.map(({ orderId, match }) => `${orderId} ${match}`)).toEqual(orders)
    expect(found.users.map(({ userId }) => userId)).toEqual(users)
    expect(found.hasMore).toBe(false)
  })

  test('reads an index, however many orders there are', async () => {
    const client = await ingest.database.owner.connect()
    await client.query('BEGIN; SET LOCAL enable_seqscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT order_id FROM orders
       WHERE left(regexp_replace(link, '^https?://(www\\.)?', '', 'i'), 64) LIKE 'instagram.com/p/AbC%'`,
    )
    await client.query('ROLLBACK')
    client.release()
    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('orders_by_link')
  })
})

const refund = (providerOrderId: string) => ingest.webhook({ order_id: providerOrderId, status: 'canceled' })

test('today is summed up, against yesterday until the same time', async () => {
  const { owner } = ingest.database
  await refund('p1')
  await refund('p2')
  await ingest.webhook({ order_id: 'p4', status: 'exploded' })
  await owner.query(`
    ALTER TABLE ledger_entries DISABLE TRIGGER USER;
    UPDATE ledger_entries SET created_at = date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '1 s'
    WHERE order_id = 'o2' AND kind = 'refund'`)
  await owner.query(`
    INSERT INTO outgoing_webhook_endpoints (endpoint_id, url, types, secrets, is_enabled, position)
    VALUES ('failing', 'http://127.0.0.1:9/', ARRAY['refund.paid'], ARRAY['whsec_x'], true, 1000),
      ('waiting', 'http://127.0.0.1:9/', ARRAY['refund.paid'], ARRAY['whsec_x'], true, 1000);
    INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, state, due_at, attempts, last_error,
      attempted_at, created_at)
    VALUES (gen_random_uuid(), 'failing', 'refund.paid', 'a', '{}', 'pending', now() + interval '1 h', 1, 'timed out',
        now(), '2026-11-27T14:02Z'),
      (gen_random_uuid(), 'failing', 'refund.paid', 'b', '{}', 'pending', now() + interval '1 h', 0, NULL, NULL, now()),
      (gen_random_uuid(), 'waiting', 'refund.paid', 'c', '{}', 'pending', now() + interval '1 h', 0, NULL, NULL, now())`)

  const today = await read<Today>('/v1/summary/today')
  expect(today).toMatchObject({
    webhooks: { lastAt: expect.any(String), lastMinute: 3 },
    refunds: [
      {
        currency: 'USD',
        today: { amount: '2.5', count: 1 },
        yesterdayUntilNow: { amount: '0', count: 0 },
        yesterday: { amount: '2.5', count: 1 },
      },
    ],
    reviews: { open: 1, oldestAt: expect.any(String) },
    endpoints: {
      enabled: 2,
      failing: [{ endpointId: 'failing', since: '2026-11-27T14:02:00.000Z', lastError: 'timed out', waiting: 2 }],
    },
  })
  await owner.query('DELETE FROM outgoing_webhooks; DELETE FROM outgoing_webhook_endpoints')
})

test('days are summed up by service and outcome, in a time zone', async () => {
  const { owner } = ingest.database
  await owner.query(`
    UPDATE ledger_entries SET created_at = '2026-03-10T22:59:59Z' WHERE order_id = 'o1' AND kind = 'refund';
    UPDATE ledger_entries SET created_at = '2026-03-10T23:00:00Z' WHERE order_id = 'o2' AND kind = 'refund';
    UPDATE deliveries SET received_at = '2026-03-11T22:59:59Z'`)
  const sums = await read<DaySummary>('/v1/summary/days?fromDay=2026-03-10&toDay=2026-03-11&timeZone=Europe/Berlin')
  const one = { currency: 'USD', provider: 'godofpanel', amount: '2.5', count: 1 }
  expect(sums).toMatchObject({
    refunds: [
      { ...one, day: '2026-03-10', service: 'Likes' },
      { ...one, day: '2026-03-11' },
    ],
    deliveries: [
      { day: '2026-03-11', outcome: 'applied', count: 2 },
      { day: '2026-03-11', outcome: 'review', count: 1 },
    ],
    hasMore: false,
  })
  const early = await read<DaySummary>('/v1/summary/days?fromDay=2026-02-01&toDay=2026-12-31')
  expect(early.refunds).toEqual([])
  expect(sums.timeZone).toBe('Europe/Berlin')
  expect((await read<Today>('/v1/summary/today?timeZone=%2B02:00')).timeZone).toBe('UTC')
})

describe('a test webhook', () => {
  const attempt = async (body: object): Promise<TestWebhook> =>
    (await ingest.call('POST', '/v1/test-webhook', body)).json<TestWebhook>()

  test('completes a test order, without money', async () => {
    const result = await attempt({ provider: 'godofpanel' })
    expect(result).toMatchObject({ isDelivered: true, status: 200, error: null })
    const { rows } = await ingest.database.owner.query(
      `SELECT user_id, status, refunded::float8 AS refunded FROM orders WHERE order_id = $1`,
      [result.orderId],
    )
    expect(rows).toEqual([{ user_id: 'paxyo-test', status: 'completed', refunded: 0 }])
  })

  test.each([
    [{ provider: 'another' }, 'unknown_provider'],
    // The recipient would have the provider's token.
    [{ provider: 'godofpanel', publicUrl: 'https://elsewhere.example/' }, 'validation_failed'],
  ])('%j is rejected: %s', async (body, code) => {
    expect((await ingest.call('POST', '/v1/test-webhook', body)).json().code).toBe(code)
  })
})
