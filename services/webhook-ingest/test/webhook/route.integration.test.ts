import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { administer, eventually } from '@paxyo/testkit'
import { Registry } from 'prom-client'
import { startIngest, TOKEN, type IngestFixture } from '../ingest-fixture.ts'

let ingest: IngestFixture
beforeEach(async () => {
  ingest = await startIngest()
})
afterEach(async () => {
  await ingest[Symbol.asyncDispose]()
})

const balanceOf = async (userId: string): Promise<unknown> => {
  const { rows } = await ingest.database.owner.query('SELECT balance::text FROM accounts WHERE user_id = $1', [userId])
  return rows[0]?.balance
}

const postForm = (payload: string | Buffer, type = 'application/x-www-form-urlencoded') =>
  ingest.app.inject({
    method: 'POST',
    url: `/webhooks/godofpanel/${TOKEN}`,
    headers: { 'content-type': type },
    payload,
  })

describe('the refund', () => {
  test('of a canceled order is its whole charge', async () => {
    await ingest.register()
    const events = await ingest.follow('user-1')
    const response = await ingest.webhook({ order_id: '12345', status: 'canceled' })

    expect(response.statusCode).toBe(200)
    expect(response.json()).toEqual({ results: [{ orderId: '12345', outcome: 'applied', refund: '2.5' }] })
    expect(await balanceOf('user-1')).toBe('2.50000000')
    const event = await eventually(() => events.find(({ seq }) => seq === 2))
    expect(event).toEqual({
      type: 'event',
      seq: 2,
      event: 'order.updated',
      at: expect.any(String),
      order: {
        orderId: 'A-1',
        providerOrderId: '12345',
        service: 'Instagram followers',
        link: 'https://instagram.com/somebody',
        quantity: 1000,
        charge: '2.5',
        currency: 'USD',
        status: 'canceled',
        remains: null,
        startCount: null,
        refunded: '2.5',
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
      },
      refund: { refundId: expect.any(String), amount: '2.5', currency: 'USD' },
      account: { balance: '2.5', currency: 'USD', mode: 'external' },
      totals: { refunded: '2.5', orders: { canceled: 1 } },
    })
  })

  test('of a partial order is the undelivered part', async () => {
    await ingest.register()
    const response = await ingest.webhook({ order_id: '12345', status: 'Partial', remains: '300' })

    expect(response.json()).toEqual({ results: [{ orderId: '12345', outcome: 'applied', refund: '0.75' }] })
    expect(await balanceOf('user-1')).toBe('0.75000000')
  })

  test('is paid once, however often the webhook comes', async () => {
    await ingest.register()
    const first = await ingest.webhook({ order_id: '12345', status: 'canceled' })
    const second = await ingest.webhook({ order_id: '12345', status: 'canceled' })

    expect(first.json().results[0].outcome).toBe('applied')
    expect(second.json()).toEqual({ results: [{ orderId: '12345', outcome: 'unchanged' }] })
    expect(await balanceOf('user-1')).toBe('2.50000000')
  })

  test('stands in the ledger with where it started from', async () => {
    await ingest.register()
    await ingest.webhook({ order_id: '12345', status: 'partial', remains: 300 })
    await ingest.webhook({ order_id: '12345', status: 'canceled' })

    const { rows } = await ingest.database.owner.query(
      `SELECT kind, amount, refunded_before, refunded_after, balance_after FROM ledger_entries ORDER BY refunded_before`,
    )
    expect(rows).toEqual([
      row('0.75000000', '0.00000000', '0.75000000', '0.75000000'),
      row('1.75000000', '0.75000000', '2.50000000', '2.50000000'),
    ])
    function row(amount: string, before: string, after: string, balance: string) {
      return { kind: 'refund', amount, refunded_before: before, refunded_after: after, balance_after: balance }
    }
  })
})

describe('an order that is not registered yet', () => {
  test('has its deliveries parked and applied at registration, in order', async () => {
    const parked = await ingest.webhook({ order_id: '12345', status: 'In progress', remains: 900 })
    await ingest.webhook({ order_id: '12345', status: 'Partial', remains: 300 })
    expect(parked.statusCode).toBe(200)
    expect(parked.json()).toEqual({ results: [{ orderId: '12345', outcome: 'parked' }] })

    const events = await ingest.follow('user-1')
    const response = await ingest.register()

    expect(response.statusCode).toBe(201)
    expect(response.json()).toMatchObject({
      seq: 3,
      appliedDeliveries: 2,
      order: { status: 'partial', refunded: '0.75', remains: 300 },
    })
    await eventually(() => events.length === 3)
    expect(events.map(({ seq, event }) => [seq, event])).toEqual([
      [1, 'order.registered'],
      [2, 'order.updated'],
      [3, 'order.updated'],
    ])
    expect(await balanceOf('user-1')).toBe('0.75000000')
    const { rows } = await ingest.database.owner.query('SELECT outcome FROM deliveries')
    expect(rows).toEqual([{ outcome: 'applied' }, { outcome: 'applied' }])
  })

  test('loses nothing when registration and webhooks cross', async () => {
    const count = 40
    const ids = Array.from({ length: count }, (_, index) => `${1000 + index}`)
    await Promise.all(
      ids.flatMap((id) => [
        ingest.webhook({ order_id: id, status: 'canceled' }),
        ingest.register({ orderId: `A-${id}`, providerOrderId: id, userId: `user-${Number(id) % 3}` }),
      ]),
    )

    const { rows } = await ingest.database.owner.query(
      `SELECT count(*)::int AS refunded FROM orders WHERE status = 'canceled' AND refunded = charge`,
    )
    expect(rows).toEqual([{ refunded: count }])
    const parked = await ingest.database.owner.query(`SELECT FROM deliveries WHERE outcome = 'parked'`)
    expect(parked.rowCount).toBe(0)
  })
})

test('several updates of one request are each answered', async () => {
  await ingest.register()
  const response = await ingest.webhook({
    12345: { status: 'Processing' },
    777: { status: 'Canceled' },
    12: { error: 'Incorrect order ID' },
  })

  expect(response.json()).toEqual({
    results: [
      { orderId: '12', outcome: 'parked' },
      { orderId: '777', outcome: 'parked' },
      { orderId: '12345', outcome: 'applied' },
    ],
  })
})

test('a form is known by its type, however that is written', async () => {
  const response = await postForm('order_id=777&status=canceled', 'Application/X-WWW-Form-URLEncoded; charset=UTF-8')
  expect(response.json()).toEqual({ results: [{ orderId: '777', outcome: 'parked' }] })
})

test('what cannot be applied is put up for review with its reason', async () => {
  await ingest.register()
  const bodies = [
    { order_id: '12345', status: 'Paused' },
    { order_id: '12345', status: 'partial' },
    [{ order_id: '12345', status: 'partial', remains: 5000 }, { status: 'canceled' }],
  ]
  const responses = []
  for (const body of bodies) responses.push((await ingest.webhook(body)).json())

  expect(responses).toEqual([
    { results: [{ orderId: '12345', outcome: 'review', reason: 'unknown_status' }] },
    { results: [{ orderId: '12345', outcome: 'review', reason: 'remains_missing' }] },
    {
      results: [
        { orderId: '12345', outcome: 'review', reason: 'remains_out_of_range' },
        { orderId: null, outcome: 'review', reason: 'order_id_missing' },
      ],
    },
  ])
  const { rows } = await ingest.database.owner.query(
    // Two updates of one request may be committed by two transactions, in either order.
    'SELECT order_id, reason FROM reviews WHERE resolved_at IS NULL ORDER BY order_id, opened_at, review_id',
  )
  expect(rows).toEqual([
    { order_id: 'A-1', reason: 'unknown_status' },
    { order_id: 'A-1', reason: 'remains_missing' },
    { order_id: 'A-1', reason: 'remains_out_of_range' },
    { order_id: null, reason: 'order_id_missing' },
  ])
})

describe('a request that is refused', () => {
  test.each([
    ['not JSON', 'order_id=1', 400, 'malformed_json'],
    ['an empty body', '', 400, 'malformed_json'],
    ['no order', '{"status":"canceled"}', 400, 'order_id_missing'],
    ['no update', '[]', 400, 'no_updates'],
    ['10 MB', `{"order_id":"1","status":"${'x'.repeat(10 * 1024 * 1024)}"}`, 413, 'body_too_large'],
  ])('%s', async (_name, body, status, code) => {
    const response = await ingest.webhook(body)

    expect(response.headers['content-type']).toMatch('application/problem+json')
    expect(response.json()).toMatchObject({ status, code })
    expect(response.statusCode).toBe(status)
  })

  test('another content type', async () => {
    const response = await ingest.app.inject({
      method: 'POST',
      url: `/webhooks/godofpanel/${TOKEN}`,
      headers: { 'content-type': 'text/xml' },
      payload: '<order/>',
    })
    expect(response.json()).toMatchObject({ status: 400, code: 'order_id_missing' })
  })

  test.each([
    ['a form that PostgreSQL could not keep', Buffer.from('order_id=12345&status=canceled&x=\0')],
    ['a form in Latin-1', Buffer.from('order_id=12345&status=annul\xe9', 'latin1')],
  ])('%s', async (_name, payload) => {
    expect((await postForm(payload)).json()).toMatchObject({ status: 400, code: 'malformed_form' })
  })

  test('no or a wrong token, before anything is read', async () => {
    for (const path of ['/webhooks/godofpanel', '/webhooks/godofpanel/wrong-token', `/webhooks/godofpanel/${TOKEN}x`]) {
      const response = await ingest.webhook('not json', path)
      expect(response.json()).toMatchObject({ status: 401, code: 'unauthorized' })
    }
    const { rowCount } = await ingest.database.owner.query('SELECT FROM deliveries')
    expect(rowCount).toBe(0)
  })
})

test('while PostgreSQL is away the sender is told to come back, and coming back works', async () => {
  await ingest.register()
  const { rows } = await ingest.database.owner.query<{ name: string }>('SELECT current_database() AS name')
  const { name } = rows[0]!
  await administer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  // Waits until the connections have ended: a terminated backend may still run one more statement.
  await administer(`SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = '${name}'`)
  const [webhook, registration, readiness] = await Promise.all([
    ingest.webhook({ order_id: '12345', status: 'canceled' }),
    ingest.register({ orderId: 'A-2', providerOrderId: '2' }),
    ingest.app.inject('/readyz'),
  ])
  await administer(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`)

  for (const response of [webhook, registration]) {
    expect(response.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
    expect(response.headers['retry-after']).toBe('5')
  }
  expect(readiness.statusCode).toBe(503)
  const again = await ingest.webhook({ order_id: '12345', status: 'canceled' })
  expect(again.json()).toEqual({ results: [{ orderId: '12345', outcome: 'applied', refund: '2.5' }] })
})

test('a provider that disconnects before its response has no acknowledgement, and its webhook is counted', async () => {
  await ingest.register()
  const registry = new Registry()
  ingest.ingest.addMetrics(registry)
  const address = await ingest.app.listen({ host: '127.0.0.1', port: 0 })
  const holder = await ingest.database.owner.connect()
  try {
    await holder.query(`BEGIN; SELECT FROM accounts FOR UPDATE`)
    const leaving = new AbortController()
    const webhook = fetch(`${address}/webhooks/godofpanel/${TOKEN}`, {
      method: 'POST',
      body: JSON.stringify({ order_id: '12345', status: 'canceled' }),
      signal: leaving.signal,
    })
    await eventually(async () => {
      const { rowCount } = await ingest.database.owner.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      )
      return rowCount === 1
    })
    leaving.abort()
    await expect(webhook).rejects.toThrow('aborted')
    await eventually(async () => /webhook_duration_seconds_count\{status="499"\} 1/.test(await registry.metrics()))
  } finally {
    await holder.query('COMMIT')
    holder.release()
  }
})

test('a server that has become read-only, as after a failover, is left for another one', async () => {
  await ingest.register()
  const { rows } = await ingest.database.owner.query<{ name: string }>('SELECT current_database() AS name')
  const { name } = rows[0]!
  await administer(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  await administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  const [webhook, registration, readiness] = await Promise.all([
    ingest.webhook({ order_id: '12345', status: 'canceled' }),
    ingest.register({ orderId: 'A-2', providerOrderId: '2' }),
    ingest.app.inject('/readyz'),
  ])
  await administer(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
  expect(readiness.json()).toMatchObject({ status: 'unavailable', checks: { database: 'failed' } })

  for (const response of [webhook, registration]) {
    expect(response.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
    expect(response.headers['retry-after']).toBe('5')
  }
  // No connection to the old server is used again.
  const again = await ingest.webhook({ order_id: '12345', status: 'canceled' })
  expect(again.json()).toEqual({ results: [{ orderId: '12345', outcome: 'applied', refund: '2.5' }] })
}, 20_000)

test('one log line per delivery says order, outcome and refund, and no line holds a secret', async () => {
  await ingest.register()
  await ingest.webhook({ order_id: '12345', status: 'canceled' })
  await ingest.webhook({ order_id: '12345', status: 'canceled' }, '/webhooks/godofpanel/wrong-token')

  const committed = ingest.log.filter(({ msg }) => msg === 'webhook committed')
  expect(committed).toMatchObject([{ orderId: '12345', outcome: 'applied', refund: '2.5' }])
  expect(ingest.log.some(({ msg }) => msg === 'authentication failed')).toBe(true)
  expect(JSON.stringify(ingest.log)).not.toMatch(/a-webhook-token|wrong-token|a-panel-api-key/)
})
