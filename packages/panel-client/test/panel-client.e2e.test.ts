import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createPanelClient, PanelApiError, type PanelClient, type Registration } from '@paxyo/panel-client'
import {
  createTestDatabase,
  hostEnvironment,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// Every method, on a real webhook-ingest.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const KEY = 'a-panel-api-key'

let database: TestDatabase
let ingest: ServiceProcess
let panel: PanelClient
beforeAll(async () => {
  database = await createTestDatabase()
  ingest = await startService('webhook-ingest', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: 'a-webhook-token',
    PANEL_API_KEYS: KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
  })
  panel = createPanelClient({ url: ingest.url, apiKey: KEY })
})
afterAll(async () => {
  await ingest.end('SIGKILL')
  await database[Symbol.asyncDispose]()
})

let orderCount = 0
function anOrder(change: Partial<Registration> = {}): Registration {
  orderCount += 1
  return {
    orderId: `B-${orderCount}`,
    providerOrderId: `${1000 + orderCount}`,
    userId: `user-${randomUUID()}`,
    service: 'followers',
    link: 'https://example.com',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
    ...change,
  }
}

async function webhook(body: object): Promise<void> {
  const response = await fetch(`${ingest.url}/webhooks/godofpanel/a-webhook-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(200)
}

const rejectionOf = (request: Promise<unknown>): Promise<PanelApiError> =>
  request.then(
    () => {
      throw new Error('it succeeded')
    },
    (error: unknown) => error as PanelApiError,
  )

describe('the README', () => {
  const [example, feed] = [...README.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, code]) => code!)
  const run = async (code: string): Promise<string> => {
    const env = { ...hostEnvironment(), PAXYO_URL: ingest.url, PAXYO_API_KEY: KEY }
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', code]
    return (await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })).stdout
  }

  test('its example prints what stands below it', async () => {
    expect(await run(example!)).toBe(/^```text\n([^]*?)^```$/m.exec(README)![1])
  })

  test('its reader of the feed gets every refund', async () => {
    const order = anOrder()
    await panel.orders.register(order)
    await webhook({ order_id: order.providerOrderId, status: 'Canceled' })
    expect(await run(feed!)).toMatch(/^[\da-f-]{36} 2\.5$/m)
  })
})

describe('orders', () => {
  test('are registered, once, read and listed over pages', async () => {
    const userId = `user-${randomUUID()}`
    const orders = Array.from({ length: 5 }, () => anOrder({ userId }))
    for (const order of orders) await panel.orders.register(order)
    expect(await panel.orders.register(orders[0]!)).toMatchObject({ order: { status: 'pending' }, seq: 5 })

    const listed = await Array.fromAsync(panel.orders.list({ userId, limit: 2 }))
    expect(listed.map(({ orderId }) => orderId)).toEqual(orders.map(({ orderId }) => orderId).toReversed())
    const page = await panel.orders.listPage({ userId, limit: 2 })
    expect(page).toMatchObject({ data: [{ userId }, { userId }], nextCursor: expect.any(String) })
    expect(await panel.orders.get(String(orders[0]!.orderId))).toMatchObject({ order: { userId }, deliveries: [] })
  })

  test('an id is escaped', async () => {
    const order = anOrder({ orderId: 'a/b?c=ü' })
    await panel.orders.register(order)
    expect((await panel.orders.get('a/b?c=ü')).order.orderId).toBe('a/b?c=ü')
  })

  test('more than one request holds are registered in their order', async () => {
    const userId = `user-${randomUUID()}`
    const orders = Array.from({ length: 1200 }, () => anOrder({ userId }))
    const bad = { ...anOrder({ userId }), quantity: -1 }
    const done = await panel.orders.registerMany([...orders, bad])
    expect(done).toMatchObject({ registered: 1200, unchanged: 0, rejected: 1 })
    expect(done.results.map(({ index }) => index)).toEqual(Array.from({ length: 1201 }, (_, index) => index))
    expect(done.results.at(-1)).toMatchObject({ outcome: 'rejected', code: 'validation_failed' })
    expect(await panel.orders.registerMany(orders.slice(0, 2))).toMatchObject({ registered: 0, unchanged: 2 })
  })

  test('orders of many bytes are split before the limit of a request', async () => {
    const userId = `user-${randomUUID()}`
    const orders = Array.from({ length: 900 }, () =>
      anOrder({ userId, service: 'ü'.repeat(1500), link: `https://example.com/${'ü'.repeat(1500)}` }),
    )
    expect(await panel.orders.registerMany(orders)).toMatchObject({ registered: 900, rejected: 0 })
  })
})

describe('accounts', () => {
  test('are opened, credited once for a key, and have a ledger', async () => {
    const userId = `user-${randomUUID()}`
    const opened = await panel.accounts.open({ userId, currency: 'EUR' })
    expect(opened.account).toEqual({ userId, currency: 'EUR', balance: '0', mode: 'external' })
    const idempotencyKey = randomUUID()
    for (const _ of [1, 2]) {
      const { account } = await panel.accounts.deposit(userId, { amount: '3', currency: 'EUR' }, { idempotencyKey })
      expect(account.balance).toBe('3')
    }
    expect((await panel.accounts.get(userId)).account.balance).toBe('3')
    const entries = await Array.fromAsync(panel.accounts.ledger(userId).list())
    expect(entries).toMatchObject([{ kind: 'deposit', amount: '3', balanceAfter: '3' }])
  })
})

describe('refunds, reviews, deliveries', () => {
  test('the feed is read from a cursor to its end', async () => {
    const { cursor } = (await Array.fromAsync(panel.refunds.pages())).at(-1)!
    for (let n = 0; n < 3; n += 1) {
      const order = anOrder()
      await panel.orders.register(order)
      await webhook({ order_id: order.providerOrderId, status: 'Partial', remains: 100 * (n + 1) })
    }
    const pages = await Array.fromAsync(panel.refunds.pages({ after: cursor, limit: 2 }))
    expect(pages.map(({ data }) => data.map(({ amount }) => amount))).toEqual([['0.25', '0.5'], ['0.75']])
    expect(await panel.refunds.read({ after: pages.at(-1)!.cursor })).toMatchObject({ data: [], hasMore: false })
  })

  test('a review is listed, read and resolved once', async () => {
    const order = anOrder()
    await panel.orders.register(order)
    await webhook({ order_id: order.providerOrderId, status: 'Partial' })
    const [review] = await Array.fromAsync(panel.reviews.list({ state: 'open', reason: 'remains_missing' }))
    expect(await panel.reviews.get(review!.reviewId)).toMatchObject({ order: { orderId: order.orderId } })
    const note = 'The provider agreed.'
    const resolved = await panel.reviews.resolve(review!.reviewId, { action: 'refund', amount: '0.5', note })
    expect(resolved).toMatchObject({ refund: { amount: '0.5' }, review: { resolution: { note } } })
    const again = await rejectionOf(panel.reviews.resolve(review!.reviewId, { action: 'dismiss', note }))
    expect(again).toMatchObject({ name: 'PanelApiError', code: 'review_resolved', status: 409 })
  })

  test('a delivery is read and replayed, alone and within a time range', async () => {
    const order = anOrder()
    await panel.orders.register(order)
    const from = new Date().toISOString()
    for (const remains of [900, 800, 700]) {
      await webhook({ order_id: order.providerOrderId, status: 'In progress', remains })
    }
    const orderId = String(order.orderId)
    const deliveries = await Array.fromAsync(panel.deliveries.list({ orderId, limit: 1 }))
    expect(deliveries).toHaveLength(3)
    const { deliveryId } = deliveries[0]!
    expect(await panel.deliveries.get(deliveryId)).toMatchObject({ delivery: { deliveryId }, replays: [] })
    expect(await panel.deliveries.replay(deliveryId)).toMatchObject({ deliveryId, refund: null })
    const pages = await Array.fromAsync(panel.deliveries.replayRange({ from, limit: 2 }))
    expect(pages.map(({ data }) => data.length)).toEqual([2, 1])
  })
})

test('a token is minted, and webhooks to the panel are listed', async () => {
  expect(await panel.tokens.mint({ userId: 'ann', ttlSeconds: 60 })).toEqual({
    token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    expiresAt: expect.any(String),
    jti: expect.any(String),
  })
  expect(await Array.fromAsync(panel.outgoingWebhooks.list({ state: 'dead' }))).toEqual([])
  expect(await panel.outgoingWebhooks.retryDead()).toEqual({ retried: 0, hasMore: false })
  expect(await rejectionOf(panel.outgoingWebhooks.retry(randomUUID()))).toMatchObject({
    code: 'outgoing_webhook_not_found',
  })
})

describe('errors', () => {
  test('have the code, the status and the detail of the API', async () => {
    const error = await rejectionOf(panel.orders.register({ ...anOrder(), quantity: 0 }))
    expect(error).toBeInstanceOf(PanelApiError)
    expect(error).toMatchObject({ code: 'validation_failed', status: 400, detail: expect.stringContaining('quantity') })
    expect(error.message).toContain('(validation_failed)')
    const stranger = createPanelClient({ url: ingest.url, apiKey: 'another-key' })
    expect(await rejectionOf(stranger.orders.get('A'))).toMatchObject({ code: 'unauthorized', status: 401 })
  })
})
