import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  allStarted,
  bundleProgram,
  createTestDatabase,
  eventually,
  freePort,
  launchChromium,
  sharedRedisUrl,
  startProcess,
  startService,
  TEST_JWT_SECRET,
  type ServiceName,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

// The demo with real services, as in docker compose.

const MAIN = await bundleProgram(fileURLToPath(new URL('../src/main.ts', import.meta.url)))
const PANEL_KEY = 'a-panel-api-key'
const WEBHOOK_SECRET = `whsec_${Buffer.from('a webhook secret for tests').toString('base64')}`
const AUTOPLAY_INTERVAL_MS = 100

let database: TestDatabase
let ingest: ServiceProcess
let gateway: ServiceProcess
let demo: ServiceProcess
let providerPort: string
const resources = new AsyncDisposableStack()

const startDemo = async (): Promise<ServiceProcess> =>
  resources.use(
    await startProcess(MAIN, {
      INGEST_URL: ingest.url,
      SOCKET_URL: `${gateway.url.replace('http', 'ws')}/ws`,
      PANEL_API_KEYS: `${PANEL_KEY},a-key-of-before`,
      WEBHOOK_SECRETS: `${WEBHOOK_SECRET},whsec_${Buffer.from('the secret that was used before').toString('base64')}`,
      AUTOPLAY_INTERVAL_MS: String(AUTOPLAY_INTERVAL_MS),
      PROVIDER_PORT: providerPort,
      PROVIDER_KEY: 'a-provider-key',
    }),
  )

beforeAll(async () => {
  database = resources.use(await createTestDatabase())
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
  }
  const start = async (name: ServiceName, own: Record<string, string>): Promise<ServiceProcess> =>
    resources.use(await startService(name, { ...env, ...own }))
  ;[ingest, gateway] = await allStarted([
    start('webhook-ingest', { PANEL_API_KEYS: PANEL_KEY, WEBHOOK_SECRETS: WEBHOOK_SECRET }),
    start('ws-gateway', { ALLOWED_ORIGINS: '*' }),
  ])
  providerPort = String(await freePort())
  demo = await startDemo()
})
afterAll(() => resources.disposeAsync())

const count = async (what: string): Promise<number> => {
  const { rows } = await database.owner.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${what}`)
  return rows[0]!.count
}

const press = (action: string, body: unknown): Promise<Response> =>
  fetch(`${demo.url}/demo/actions/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: demo.url },
    body: JSON.stringify(body),
  })

test('it has orders and is ready; nothing moves while nobody looks', async () => {
  expect((await fetch(`${demo.url}/readyz`)).status).toBe(200)
  expect(await count(`orders WHERE user_id = 'demo'`)).toBe(24)
  const events = await count('events')
  await sleep(5 * AUTOPLAY_INTERVAL_MS)
  expect(await count('events')).toBe(events)
})

test('the button for an order is for the demo user alone', async () => {
  const order = { orderId: 'B-1', providerOrderId: 'B-1', userId: 'somebody', quantity: 1000, charge: '2.5' }
  const registered = await fetch(`${ingest.url}/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` },
    body: JSON.stringify({ ...order, service: 'Views', link: 'https://example.com', currency: 'USD' }),
  })
  expect(registered.status).toBe(201)

  expect((await press('act', { action: 'cancel', orderId: 'B-1' })).status).toBe(500)
  expect((await press('act', { action: 'cancel', orderId: 'demo-1' })).status).toBe(204)
  expect(await count(`orders WHERE order_id = 'B-1' AND status = 'pending'`)).toBe(1)
  expect(await count(`orders WHERE order_id = 'demo-1' AND status = 'canceled'`)).toBe(1)
})

test('it finds its orders again, also those that the provider has forgotten', async () => {
  expect(await demo.end('SIGTERM')).toBe(0)
  demo = await startDemo()
  expect(await count(`orders WHERE user_id = 'demo'`)).toBe(24)
  expect((await press('act', { action: 'cancel', orderId: 'demo-2' })).status).toBe(204)
  expect(await count(`orders WHERE order_id = 'demo-2' AND status = 'canceled'`)).toBe(1)
  expect((await press('new-order', {})).status).toBe(204)
  expect(await count(`orders WHERE order_id = 'demo-25' AND provider_order_id = '12369'`)).toBe(1)
})

test('on an open page orders move by themselves, and refunds come in', async () => {
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(demo.url)
    await page.waitForSelector('#connection[data-state="live"]')
    await page.waitForSelector('[data-order-id="demo-25"]')
    expect(await page.locator('[data-order-id]').count()).toBeGreaterThanOrEqual(25)
    // At this pace they may be summed up.
    await page.locator('#toasts', { hasText: /refunded|With a refund/ }).waitFor()
    await eventually(async () => (await count(`orders WHERE user_id = 'demo'`)) > 25)
  } finally {
    await browser.close()
  }
})
