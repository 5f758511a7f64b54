import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { OPERATIONS_CHANNEL, type OperationsMessage, type WebhookType } from '@paxyo/contracts'
import { createChangeFeed, createOutgoingQueue, createWebhookEndpoints, RETRY_DELAYS_MS } from '@paxyo/ledger'
import { webhookMessageSchemas } from '@paxyo/panel-client'
import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { Webhook } from 'standardwebhooks'
import type { OutgoingWebhookSettings } from '../../../src/workers/outgoing-webhooks/outgoing-webhook-config.ts'
import { createOutgoingWebhooks } from '../../../src/workers/outgoing-webhooks/outgoing-webhooks.ts'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { KEY, SECRET, startTestPanel, type Received, type TestPanel } from './test-panel.ts'

/** From the start of an attempt to its response, on a busy machine. */
const ATTEMPT_MS_MAX = 15_000

let panel: TestPanel
let ingest: IngestFixture
const opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  panel = await startTestPanel()
  ingest = await startIngest(undefined, { outgoingWebhooks: settings() })
  await eventually(async () => (await query('SELECT FROM outgoing_webhook_endpoints')).length === 1)
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sender) => sender.close()))
  await ingest[Symbol.asyncDispose]()
  await panel[Symbol.asyncDispose]()
})

const settings = (
  types = ['order.updated', 'refund.paid', 'account.updated', 'review.opened'],
): OutgoingWebhookSettings => ({
  endpoint: { url: panel.url, keys: [KEY], types: types as never },
  rules: { allowPrivate: false, allowLoopback: false },
  retryDelaysMs: RETRY_DELAYS_MS,
})
const query = async (text: string): Promise<Record<string, unknown>[]> => {
  const { rows } = await ingest.database.owner.query<Record<string, unknown>>(text)
  return rows
}

interface Body {
  readonly type: string
  readonly timestamp: string
  readonly data: {
    readonly seq: number
    readonly order: { readonly orderId: string; readonly status: string; readonly remains: number | null }
    readonly previousStatus: string
    readonly refundId?: string
  }
}
const bodyOf = ({ body }: Received): Body => JSON.parse(body) as Body
const typesOf = (received: readonly Received[]): string[] => received.map((one) => bodyOf(one).type)

let orders = 0
const registerOrders = async (count: number): Promise<string[]> => {
  const ids = Array.from({ length: count }, () => `${(orders += 1)}`)
  for (const id of ids) {
    const order = { orderId: `A-${id}`, providerOrderId: id, userId: `user-${Number(id) % 5}` }
    expect((await ingest.register(order)).statusCode).toBe(201)
  }
  return ids
}
/** Simulates the outgoing webhooks of another process. */
const openSender = (): { readonly wake: () => void; close(): Promise<void> } => {
  const pool = ingest.database.poolAs('ingest', 4)
  const log = pino({ level: 'silent' })
  const changeFeed = createChangeFeed({ pool, log })
  const sender = createOutgoingWebhooks({
    queue: createOutgoingQueue({ pool, log }),
    endpoints: createWebhookEndpoints(pool),
    settings: settings(),
    changeFeed,
    log,
  })
  opened.push({ close: async () => void (await Promise.all([sender.close(), changeFeed.close()])) })
  return sender
}
/** Ends this process's sending, and fills its queue. */
const enqueueOnly = async (count: number): Promise<Pool> => {
  await ingest.ingest.close()
  await query(`
    INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, due_at)
    SELECT gen_random_uuid(), 'environment', 'order.updated', 'order ' || n, '{"n":' || n || '}', now()
    FROM generate_series(1, ${count}) AS n`)
  return ingest.database.poolAs('ingest', 1)
}

test('the panel gets every change with the full order, its seq and the status before', async () => {
  const [id] = await registerOrders(1)
  await ingest.webhook({ order_id: id, status: 'processing', start_count: 7 })
  await ingest.webhook({ order_id: id, status: 'partial', remains: 300 })
  await eventually(() => panel.received.length === 3)

  const [processing, partial, refund] = panel.received.map(
    (received) => new Webhook(SECRET).verify(received.body, received.headers) as Body,
  )
  const { order } = (await ingest.call('GET', `/v1/orders/A-${id}`)).json<{ order: object }>()
  expect(processing).toMatchObject({
    type: 'order.updated',
    data: { seq: 2, previousStatus: 'pending', order: { status: 'processing', startCount: 7 } },
  })
  expect(partial).toEqual({
    type: 'order.updated',
    timestamp: expect.any(String),
    data: {
      userId: `user-${Number(id) % 5}`,
      seq: 3,
      order,
      previousStatus: 'processing',
      account: { balance: '0.75', currency: 'USD', mode: 'external' },
      refund: { refundId: expect.any(String), amount: '0.75', currency: 'USD' },
    },
  })
  expect(refund).toMatchObject({
    type: 'refund.paid',
    data: {
      orderId: `A-${id}`,
      providerOrderId: id,
      amount: '0.75',
      orderRefunded: '0.75',
      balanceAfter: '0.75',
      order,
    },
  })
  const { data } = (await ingest.call('GET', '/v1/refunds')).json<{ data: { refundId: string }[] }>()
  expect(refund!.data.refundId).toBe(data[0]!.refundId)
  expect(new Set(panel.received.map((received) => received.id)).size).toBe(3)
})

test('deposits, reviews and the actions of people are told, too', async () => {
  const [id] = await registerOrders(1)
  await ingest.call('POST', `/v1/accounts/user-${Number(id) % 5}/deposits`, {
    amount: '1',
    currency: 'USD',
    paymentRef: `p-${id}`,
  })
  await ingest.webhook({ order_id: id, status: 'failed' })
  await ingest.call('POST', `/v1/orders/A-${id}/actions`, { action: 'cancel', note: 'asked for it' })
  await eventually(() => panel.received.length === 5)
  expect(typesOf(panel.received).toSorted()).toEqual([
    'account.updated',
    'order.updated',
    'order.updated',
    'refund.paid',
    'review.opened',
  ])
  for (const received of panel.received) {
    const body = bodyOf(received)
    expect(webhookMessageSchemas[body.type as WebhookType].parse(body)).toEqual(body)
  }
})

test('several processes share the work: every change is told once, in the order of each order', async () => {
  const others = [openSender(), openSender()]
  const ids = await registerOrders(10)
  for (let remains = 900; remains > 0; remains -= 100) {
    await ingest.webhook(ids.map((id) => ({ order_id: id, status: 'in progress', remains })))
    for (const other of others) other.wake()
  }
  await eventually(() => panel.received.length >= 90)
  await eventually(async () => (await query(`SELECT FROM outgoing_webhooks WHERE state = 'pending'`)).length === 0)

  expect(panel.received).toHaveLength(90)
  for (const id of ids) {
    const remains = panel.received.map(bodyOf).filter(({ data }) => data.order.orderId === `A-${id}`)
    expect(remains.map(({ data }) => data.order.remains)).toEqual([900, 800, 700, 600, 500, 400, 300, 200, 100])
  }
})

test('a receiver that fails for a while, and writes what it gets, ends with our state', async () => {
  const table = new Map<string, string>()
  let isDown = true
  panel.respond = (received, response) => {
    if (isDown) return void response.writeHead(500).end()
    const { type, data } = bodyOf(received)
    if (type === 'order.updated') table.set(data.order.orderId, `${data.order.status} ${data.order.remains}`)
    response.end()
  }
  const ids = await registerOrders(6)
  for (const status of ['processing', 'in progress', 'in progress']) {
    for (const id of ids) {
      await ingest.webhook({ order_id: id, status, remains: Math.floor(1000 * Math.random()) })
    }
  }
  await eventually(() => panel.received.length >= 3)
  isDown = false
  await ingest.webhook(ids.map((id) => ({ order_id: id, status: 'completed', remains: 0 })))
  await eventually(async () => {
    await query(
      `UPDATE outgoing_webhooks SET due_at = now() WHERE state = 'pending' AND NOT is_sending AND due_at > now()`,
    )
    const [row] = await query(`
      SELECT NOT EXISTS (SELECT FROM outgoing_webhooks WHERE state = 'pending') AND bool_and(endpoint.position = feed.position)
        AS "hasSentAll"
      FROM outgoing_webhook_endpoints AS endpoint CROSS JOIN change_feed_head AS feed`)
    return row!['hasSentAll']
  })
  expect([...table.values()]).toEqual(ids.map(() => 'completed 0'))
  // What a newer one made superfluous was not retried.
  expect((await query(`SELECT FROM outgoing_webhooks WHERE state = 'superseded'`)).length).toBeGreaterThan(0)
})

test('a failure is tried again with the same id and the same bytes, later each time', async () => {
  panel.respond = (_received, response) => response.writeHead(500).end(`busy ${panel.received.length}`)
  const [id] = await registerOrders(1)
  await ingest.webhook({ order_id: id, status: 'processing' })
  const waits: number[] = []
  for (let attempts = 1; attempts <= 3; attempts += 1) {
    const [row] = await eventually(async () => {
      const rows = await query(
        `SELECT attempts, extract(epoch FROM due_at - attempted_at)::float8 * 1000 AS wait FROM outgoing_webhooks
         WHERE last_error = 'status 500: busy ${attempts}'`,
      )
      return rows.length > 0 && rows
    })
    expect(row!['attempts']).toBe(attempts)
    waits.push(row!['wait'] as number)
    await query(`UPDATE outgoing_webhooks SET due_at = now() WHERE NOT is_sending`)
    openSender()
  }
  await eventually(() => panel.received.length === 4)

  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThan(RETRY_DELAYS_MS[index]! * 0.79)
    expect(wait).toBeLessThan(RETRY_DELAYS_MS[index]! * 1.21 + ATTEMPT_MS_MAX)
  }
  expect(new Set(panel.received.map((received) => received.id)).size).toBe(1)
  expect(new Set(panel.received.map(({ body }) => body)).size).toBe(1)
})

test('an endpoint that responds again gets everything that waited, at once; a console hears of both', async () => {
  const announced: Extract<OperationsMessage, { type: 'endpoint' }>[] = []
  const subscriber = ingest.bus.connectSubscriber({
    onMessage(_channel, payload) {
      const message = JSON.parse(payload.toString()) as OperationsMessage
      if (message.type === 'endpoint') announced.push(message)
    },
    onRestored: () => undefined,
  })
  await subscriber.subscribe(OPERATIONS_CHANNEL)
  panel.respond = (_received, response) => response.writeHead(503).end()
  const ids = await registerOrders(5)
  await ingest.webhook(ids.map((id) => ({ order_id: id, status: 'processing' })))
  await eventually(async () => (await query('SELECT FROM outgoing_webhooks WHERE last_status = 503')).length === 5)
  await query(`UPDATE outgoing_webhooks SET due_at = now() + interval '5 hours'`)
  panel.respond = (_received, response) => response.end()
  const [other] = await registerOrders(1)
  await ingest.webhook({ order_id: other, status: 'processing' })
  const isOver = async () => (await query(`SELECT FROM outgoing_webhooks WHERE state = 'delivered'`)).length === 6
  expect(await eventually(isOver)).toBe(true)
  const hasHeard = (state: string, error: string | null): boolean =>
    announced.some(
      (message) => message.endpointId === 'environment' && message.state === state && message.error === error,
    )
  await eventually(() => hasHeard('failing', 'status 503') && hasHeard('delivering', null))
})

test('after three days it is given up; it is listed, and sent again when somebody says so', async () => {
  panel.respond = (_received, response) => response.writeHead(404).end('gone')
  const ids = await registerOrders(2)
  await ingest.webhook(ids.map((id) => ({ order_id: id, status: 'processing' })))
  await eventually(async () => (await query(`SELECT FROM outgoing_webhooks WHERE last_status = 404`)).length === 2)
  await query(`UPDATE outgoing_webhooks SET attempts = ${RETRY_DELAYS_MS.length}, due_at = now()`)
  openSender()
  const list = () => ingest.call('GET', '/v1/outgoing-webhooks?state=dead&endpointId=environment')
  const dead = await eventually(async () => {
    const { data } = (await list()).json<{ data: { webhookId: string; subject: string }[] }>()
    return data.length === 2 && data
  })
  expect(dead[0]).toMatchObject({
    state: 'dead',
    type: 'order.updated',
    attempts: RETRY_DELAYS_MS.length + 1,
    lastStatus: 404,
    lastError: 'status 404: gone',
    dueAt: null,
    settledAt: expect.any(String),
  })
  const { subject } = dead[1]!
  const ofSubject = await ingest.call('GET', `/v1/outgoing-webhooks?subject=${encodeURIComponent(subject)}`)
  expect(ofSubject.json()).toMatchObject({ data: [{ subject, webhookId: dead[1]!.webhookId }], nextCursor: null })
  panel.respond = (_received, response) => response.end()
  const { webhookId } = dead[0]!
  expect((await ingest.call('GET', `/v1/outgoing-webhooks/${webhookId}`)).json()).toMatchObject({
    webhookId,
    body: expect.stringContaining('"type":"order.updated"'),
  })
  expect((await ingest.call('POST', `/v1/outgoing-webhooks/${webhookId}/retry`)).json()).toMatchObject({ webhookId })
  const isDelivered = async (count: number): Promise<boolean> =>
    (await query(`SELECT FROM outgoing_webhooks WHERE state = 'delivered'`)).length === count
  await eventually(() => isDelivered(1))
  expect((await ingest.call('POST', '/v1/outgoing-webhooks/retry')).json()).toEqual({ retried: 1, hasMore: false })
  await eventually(() => isDelivered(2))
  expect((await list()).json()).toEqual({ data: [], nextCursor: null })
  const unknown = await ingest.call('POST', '/v1/outgoing-webhooks/00000000-0000-7000-8000-000000000000/retry')
  expect(unknown.json()).toMatchObject({ status: 404, code: 'outgoing_webhook_not_found' })
})

test('an old state is not sent again once a newer one was', async () => {
  const [id] = await registerOrders(1)
  for (const status of ['processing', 'completed']) await ingest.webhook({ order_id: id, status })
  await eventually(async () => (await query(`SELECT FROM outgoing_webhooks WHERE state = 'delivered'`)).length === 2)
  const { data } = (await ingest.call('GET', '/v1/outgoing-webhooks')).json<{ data: { webhookId: string }[] }>()
  const retried = await ingest.call('POST', `/v1/outgoing-webhooks/${data[1]!.webhookId}/retry`)
  expect(retried.json()).toMatchObject({ state: 'superseded' })
  expect((await ingest.call('POST', `/v1/outgoing-webhooks/${data[0]!.webhookId}/retry`)).json()).toMatchObject({
    state: 'pending',
  })
  await eventually(() => panel.received.length === 3)
  expect(bodyOf(panel.received[2]!).data.order.status).toBe('completed')
})

test('what a process claimed and died with is sent by another one, once its lease has ended', async () => {
  const dying = await enqueueOnly(3)
  expect(
    await createOutgoingQueue({ pool: dying, log: pino({ level: 'silent' }) }).claimDue('environment', 10),
  ).toHaveLength(3)
  const leases = await query(
    `SELECT due_at - attempted_at BETWEEN '29 s' AND '31 s' AS is_half_a_minute FROM outgoing_webhooks`,
  )
  expect(leases).toEqual([1, 2, 3].map(() => ({ is_half_a_minute: true })))

  const successor = openSender()
  await sleep(300)
  expect(panel.received).toEqual([])
  await query(`UPDATE outgoing_webhooks SET due_at = now() + interval '200 milliseconds'`)
  successor.wake()
  await eventually(() => panel.received.length === 3)
})
