import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createInProcessBus } from '@paxyo/event-bus'
import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { Webhook } from 'standardwebhooks'
import { createIngest } from '../../../src/ingest.ts'
import {
  createOutgoingWebhook,
  type OutgoingWebhook,
} from '../../../src/workers/outgoing-webhooks/outgoing-webhooks.ts'
import { RETRY_DELAYS_MS } from '../../../src/workers/outgoing-webhooks/retry-schedule.ts'
import {
  beginAtHead,
  claimDue,
  enqueueRefunds,
  settleAttempt,
} from '../../../src/workers/outgoing-webhooks/outgoing-queue.ts'
import { GODOFPANEL, startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { KEY, SECRET, startTestPanel, type Received, type TestPanel } from './test-panel.ts'

/** From the start of an attempt to its response, on a busy machine. */
const ATTEMPT_MS_MAX = 15_000

let panel: TestPanel
let ingest: IngestFixture
const opened: OutgoingWebhook[] = []
beforeEach(async () => {
  panel = await startTestPanel()
  ingest = await startIngest(undefined, { outgoingWebhook: target() })
  await eventually(async () => (await query('SELECT FROM outgoing_webhook_cursor')).length === 1)
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((sender) => sender.close()))
  await ingest[Symbol.asyncDispose]()
  await panel[Symbol.asyncDispose]()
})

const target = () => ({ url: panel.url, keys: [KEY], allowPrivate: false })
const query = async (text: string): Promise<Record<string, unknown>[]> => {
  const { rows } = await ingest.database.owner.query<Record<string, unknown>>(text)
  return rows
}
const ids = (received: readonly Received[]): string[] => received.map(({ id }) => id).toSorted()
const refundIds = async (): Promise<string[]> =>
  (await query('SELECT entry_id FROM ledger_entries')).map((row) => row['entry_id'] as string).toSorted()

let orders = 0
const payRefunds = async (count: number): Promise<void> => {
  const numbers = Array.from({ length: count }, () => (orders += 1))
  for (const number of numbers) {
    const order = { orderId: `A-${number}`, providerOrderId: `${number}`, userId: `user-${number % 5}` }
    expect((await ingest.register(order)).statusCode).toBe(201)
  }
  await ingest.webhook(numbers.map((number) => ({ order_id: `${number}`, status: 'canceled' })))
}
/** Simulates the outgoing webhooks of another process. */
const openSender = (): OutgoingWebhook => {
  const pool = ingest.database.poolAs('ingest', 4)
  const sender = createOutgoingWebhook({ pool, target: target(), log: pino({ level: 'silent' }) })
  opened.push(sender)
  return sender
}
/** Enqueues webhooks for this many refunds while no process sends them. */
const enqueueOnly = async (count: number): Promise<Pool> => {
  await ingest[Symbol.asyncDispose]()
  ingest = await startIngest()
  const pool = ingest.database.poolAs('ingest', 1)
  await beginAtHead(pool)
  await payRefunds(count)
  expect(await enqueueRefunds(pool)).toBe(count)
  return pool
}
/** Makes all webhooks due except those with a current lease of half a minute. */
const makeDue = async (): Promise<void> => {
  await query(`
    UPDATE outgoing_webhooks SET due_at = now()
    WHERE state = 'pending' AND due_at - attempted_at NOT BETWEEN '29 s' AND '31 s'`)
  openSender().start()
}

test('the panel is told of a refund as soon as it is paid, with all that it needs', async () => {
  await payRefunds(1)
  const [received] = await eventually(() => panel.received.length === 1 && panel.received)

  const { data: feed } = (await ingest.call('GET', '/v1/refunds')).json<{ data: Record<string, unknown>[] }>()
  expect(new Webhook(SECRET).verify(received!.body, received!.headers)).toEqual({
    type: 'refund.paid',
    timestamp: feed[0]!['at'],
    data: feed[0],
  })
  expect(received!.id).toBe(feed[0]!['refundId'])
  const [row] = await eventually(async () => {
    const rows = await query(`SELECT * FROM outgoing_webhooks WHERE state = 'delivered'`)
    return rows.length > 0 && rows
  })
  expect(row).toMatchObject({ attempts: 1, last_status: 200, last_error: null, due_at: null })
})

test('several processes share the work: every refund is told once', async () => {
  const others = [openSender(), openSender()]
  for (const other of others) other.start()
  for (let round = 0; round < 4; round += 1) {
    await payRefunds(25)
    for (const other of others) other.refundsCommitted()
  }
  await eventually(async () => (await query(`SELECT FROM outgoing_webhooks WHERE state = 'delivered'`)).length === 100)

  expect(ids(panel.received)).toEqual(await refundIds())
})

test('a failure is tried again with the same id and the same bytes, later each time', async () => {
  panel.respond = (_received, response) => response.writeHead(500).end(`busy ${panel.received.length}`)
  await payRefunds(1)
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
    await makeDue()
  }
  await eventually(() => panel.received.length === 4)

  for (const [index, wait] of waits.entries()) {
    expect(wait).toBeGreaterThan(RETRY_DELAYS_MS[index]! * 0.79)
    expect(wait).toBeLessThan(RETRY_DELAYS_MS[index]! * 1.21 + ATTEMPT_MS_MAX)
  }
  expect(new Set(panel.received.map(({ id }) => id)).size).toBe(1)
  expect(new Set(panel.received.map(({ body }) => body)).size).toBe(1)
})

test('the first retry comes by itself', async () => {
  panel.respond = (_received, response) => response.writeHead(503).end()
  await payRefunds(1)
  await eventually(() => panel.received.length === 1)
  panel.respond = (_received, response) => response.end()
  expect(await eventually(() => panel.received.length === 2)).toBe(true)
})

test('after three days it is given up; it is listed, and sent again when somebody says so', async () => {
  panel.respond = (_received, response) => response.writeHead(404).end('gone')
  await payRefunds(2)
  await eventually(async () => (await query(`SELECT FROM outgoing_webhooks WHERE last_status = 404`)).length === 2)
  await query(`UPDATE outgoing_webhooks SET attempts = ${RETRY_DELAYS_MS.length}, due_at = now()`)
  openSender().start()
  const list = () => ingest.call('GET', '/v1/outgoing-webhooks?state=dead')
  const dead = await eventually(async () => {
    const { data } = (await list()).json<{ data: { refundId: string }[] }>()
    return data.length === 2 && data
  })
  expect(dead[0]).toMatchObject({
    state: 'dead',
    attempts: RETRY_DELAYS_MS.length + 1,
    lastStatus: 404,
    lastError: 'status 404: gone',
    dueAt: null,
    settledAt: expect.any(String),
  })

  // The attempt may start before the retry request gets its response.
  const isAsked = Promise.withResolvers<void>()
  panel.respond = (_received, response) => void isAsked.promise.then(() => response.end())
  const retried = await ingest.call('POST', `/v1/outgoing-webhooks/${dead[0]!.refundId}/retry`)
  expect(retried.json()).toMatchObject({ refundId: dead[0]!.refundId, state: 'pending' })
  expect(retried.json<{ attempts: number }>().attempts).toBeLessThanOrEqual(1)
  isAsked.resolve()
  const isDelivered = async (count: number): Promise<boolean> =>
    (await query(`SELECT FROM outgoing_webhooks WHERE state = 'delivered'`)).length === count
  await eventually(() => isDelivered(1))
  expect((await ingest.call('POST', '/v1/outgoing-webhooks/retry')).json()).toEqual({ retried: 1, hasMore: false })
  await eventually(() => isDelivered(2))
  expect((await list()).json()).toEqual({ data: [], nextCursor: null })
  const unknown = await ingest.call('POST', '/v1/outgoing-webhooks/00000000-0000-7000-8000-000000000000/retry')
  expect(unknown.json()).toMatchObject({ status: 404, code: 'outgoing_webhook_not_found' })
})

test('pages of webhooks hold each once', async () => {
  await payRefunds(7)
  await eventually(async () => (await query('SELECT FROM outgoing_webhooks')).length === 7)
  const positions: number[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await ingest.call('GET', `/v1/outgoing-webhooks?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
    const { data, nextCursor } = page.json<{ data: { position: number }[]; nextCursor: string | null }>()
    positions.push(...data.map(({ position }) => position))
    cursor = nextCursor
  }
  expect(positions).toEqual([7, 6, 5, 4, 3, 2, 1])
  expect((await ingest.call('GET', '/v1/outgoing-webhooks?cursor=nonsense')).json()).toMatchObject({
    code: 'invalid_cursor',
  })
})

test('what a process claimed and died with is sent by another one, once its lease has ended', async () => {
  const dying = await enqueueOnly(3)
  expect(await claimDue(dying, 10)).toHaveLength(3)
  const leases = await query(
    `SELECT due_at - attempted_at BETWEEN '29 s' AND '31 s' AS is_half_a_minute FROM outgoing_webhooks`,
  )
  expect(leases).toEqual([1, 2, 3].map(() => ({ is_half_a_minute: true })))

  const successor = openSender()
  successor.start()
  await sleep(300)
  expect(panel.received).toEqual([])
  await query(`UPDATE outgoing_webhooks SET due_at = now() + interval '200 milliseconds'`)
  successor.wake()
  await eventually(() => panel.received.length === 3)
  expect(ids(panel.received)).toEqual(await refundIds())
})

const isWaitingForLock = async (): Promise<boolean> => {
  const waiting = await query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return waiting.length > 0
}

test('what somebody is claiming at this moment is passed over', async () => {
  const pool = await enqueueOnly(2)
  const { owner } = ingest.database
  const other = await owner.connect()
  try {
    await other.query('BEGIN')
    await other.query(`
      UPDATE outgoing_webhooks SET attempts = 1, due_at = now() + interval '30 seconds'
      WHERE position = (SELECT min(position) FROM outgoing_webhooks)`)
    let isOver = false
    const claiming = claimDue(pool, 10).finally(() => (isOver = true))
    await eventually(async () => isOver || (await isWaitingForLock()))
    await other.query('COMMIT')

    expect((await claiming).map(({ refund }) => refund.position)).toEqual([2])
  } finally {
    other.release()
  }
})

test('an attempt that came too late to say that it failed says nothing', async () => {
  const pool = await enqueueOnly(1)
  const [first] = await claimDue(pool, 1)
  await query('UPDATE outgoing_webhooks SET due_at = now()')
  const [second] = await claimDue(pool, 1)
  await settleAttempt(pool, first!, { delivered: false, status: 500, error: 'late' }, undefined)
  expect(await query('SELECT state, attempts, last_error FROM outgoing_webhooks')).toEqual([
    { state: 'pending', attempts: 2, last_error: null },
  ])
  // Any process may record a delivery, and a later failure does not undo it.
  await settleAttempt(pool, first!, { delivered: true, status: 200, error: null }, undefined)
  await settleAttempt(pool, second!, { delivered: false, status: 500, error: 'twice' }, 5_000)
  expect(await query('SELECT state, last_status FROM outgoing_webhooks')).toEqual([
    { state: 'delivered', last_status: 200 },
  ])
})

test('it begins with the first refund after its address was configured', async () => {
  await using unconfigured = await startIngest()
  await unconfigured.register()
  await unconfigured.webhook({ order_id: '12345', status: 'partial', remains: 500 })
  const { owner } = unconfigured.database
  expect((await owner.query('SELECT FROM outgoing_webhooks')).rows).toEqual([])

  const pool = unconfigured.database.poolAs('ingest', 10)
  const log = pino({ level: 'silent' })
  const configured = createIngest({
    pool,
    publisher: createInProcessBus().connectPublisher(),
    providers: [GODOFPANEL],
    verifiesRefunds: false,
    apiKeys: [],
    tokens: { secrets: [], audience: 'paxyo' },
    hasDocs: false,
    outgoingWebhook: target(),
    log,
  })
  await eventually(async () => (await owner.query('SELECT FROM outgoing_webhook_cursor')).rows.length === 1)
  await unconfigured.webhook({ order_id: '12345', status: 'canceled' })
  // The refund is paid by a process that wakes no sender; the poll of another one finds it.
  await configured.close()
  const sender = createOutgoingWebhook({ pool, target: target(), log })
  opened.push(sender)
  sender.start()
  await eventually(() => panel.received.length > 0)
  expect(panel.received.map(({ body }) => (JSON.parse(body) as { data: { position: number } }).data.position)).toEqual([
    2,
  ])
})
