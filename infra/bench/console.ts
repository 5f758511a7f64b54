import { OPERATIONS_CHANNEL, OPERATIONS_ROWS_MAX, type OperationsBatch } from '@paxyo/contracts'
import { createKysely, inviteOperator, migrateToLatest } from '@paxyo/database'
import { createRedisBus } from '@paxyo/event-bus'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { freePort, launchChromium, startProcess, startRedisServer, type Browser, type Page } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'

// Measures how smooth the console's live page stays: many orders in the database, and deliveries at a rate that a person
// cannot read, through the operations channel as webhook-ingest publishes them. It reports the frames per second of a
// headless Chromium, and the longest task of the page's thread.
const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '100000' },
    rate: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '20' },
  },
})
const [orders, rate, seconds] = [Number(values.orders), Number(values.rate), Number(values.seconds)]

const MAIN = fileURLToPath(new URL('../../services/standalone/src/main.ts', import.meta.url))
/** Deliveries of one commit: as many as arrive while the one before is in flight. */
const BATCH = 50
const ORDERS_PER_USER = 10
const PASSWORD = 'correct horse battery staple'
const WARM_UP_MS = 3_000

interface Measured {
  readonly frames: number
  readonly durationMs: number
  readonly longestFrameMs: number
  readonly longTasks: number
  readonly longestTaskMs: number
  readonly lateFrames: number
}

await using resources = new AsyncDisposableStack()
const dataDir = mkdtempSync(join(tmpdir(), 'paxyo-bench-console-'))
resources.defer(() => rmSync(dataDir, { recursive: true, force: true }))
const server = await startLocalPostgres({ dataDir: join(dataDir, 'postgres'), password: 'bench' })
resources.defer(() => server.stop())
const owner = new pg.Pool({ connectionString: server.url, max: 2 })
resources.defer(() => owner.end())
await migrateToLatest(server.url)
await seed()
const redis = resources.adopt(await startRedisServer(), (started) => started.stop())
const channelPrefix = `${randomUUID()}:`
const port = await freePort()
const service = await startProcess(MAIN, {
  DATABASE_URL: server.url,
  REDIS_URL: redis.url,
  CHANNEL_PREFIX: channelPrefix,
  DATA_DIR: dataDir,
  DEMO: 'off',
  PORT: String(port),
})
resources.defer(async () => void (await service.end('SIGTERM')))
const browser = await launchChromium()
resources.defer(() => browser.close())
const page = await openLivePage(browser, `http://localhost:${port}`)
const stopPublishing = startPublishing()
resources.defer(stopPublishing)
await page.waitForTimeout(WARM_UP_MS)
report(await measure(page), (await page.locator('.lead').textContent()) ?? '')

async function seed(): Promise<void> {
  const users = Math.ceil(orders / ORDERS_PER_USER)
  await owner.query(
    `INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(1, $1) AS n`,
    [users],
  )
  await owner.query(
    `INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
     SELECT 'A-' || n, 'godofpanel', n::text, 'user-' || (n % $2 + 1), 'Instagram followers',
       'https://www.instagram.com/' || n, 1000, 2.5
     FROM generate_series(1, $1) AS n`,
    [orders, users],
  )
}

async function openLivePage(chromium: Browser, url: string): Promise<Page> {
  const by = { actor: 'bench', actorName: 'bench', address: null }
  const invited = await inviteOperator(createKysely(owner), { name: 'Bea', role: 'support', refundLimit: '1' }, by)
  if (typeof invited === 'string') throw new Error(invited)
  const context = await chromium.newContext({ viewport: { width: 1440, height: 900 } })
  const accepted = await context.request.post(`${url}/console/api/accept-link`, {
    headers: { 'x-paxyo-console': '1' },
    data: { link: invited.link.token, password: PASSWORD },
  })
  if (!accepted.ok()) throw new Error(await accepted.text())
  const opened = await context.newPage()
  await opened.goto(`${url}/console/live`)
  await opened.locator('.live-pill[data-state="live"]').waitFor()
  return opened
}

/** Publishes batches at the rate; those that a busy machine is late with follow at once. */
function startPublishing(): () => Promise<void> {
  const bus = createRedisBus({ url: redis.url, channelPrefix, onError: console.error })
  const publisher = bus.connectPublisher()
  const startedAt = performance.now()
  let published = 0
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * (rate / BATCH))
    for (; published < due; published += 1) {
      const payload = JSON.stringify(batchOf(published))
      publisher.publish([{ channel: OPERATIONS_CHANNEL, payload }]).catch(() => undefined)
    }
  }, 10)
  return async () => {
    clearInterval(timer)
    await publisher.close()
  }
}

function batchOf(number: number): OperationsBatch {
  const at = new Date().toISOString()
  const rows = Array.from({ length: OPERATIONS_ROWS_MAX }, (_, index) => {
    const order = ((number * BATCH + index) % orders) + 1
    const isRefund = index === 0
    return {
      deliveryId: randomUUID(),
      provider: 'godofpanel',
      providerOrderId: String(order),
      orderId: `A-${order}`,
      userId: `user-${order}`,
      outcome: isRefund ? ('applied' as const) : ('progress' as const),
      reason: null,
      reported: isRefund ? 'canceled' : 'in_progress',
      status: isRefund ? ('canceled' as const) : ('in_progress' as const),
      refund: isRefund ? '2.5' : null,
      currency: isRefund ? 'USD' : null,
      receivedAt: at,
    }
  })
  return {
    type: 'batch',
    at,
    outcomes: { applied: 1, progress: BATCH - 1 },
    providers: { godofpanel: BATCH },
    refunds: [{ currency: 'USD', amount: '2.5', count: 1 }],
    reviews: { opened: number % 10 === 0 ? 1 : 0, resolved: 0 },
    rows,
  }
}

function measure(opened: Page): Promise<Measured> {
  return opened.evaluate(
    (durationMs) =>
      new Promise<Measured>((resolve) => {
        const tasks: number[] = []
        new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration))).observe({
          type: 'longtask',
        })
        const frames: number[] = []
        const startedAt = performance.now()
        let last = startedAt
        const frame = (now: number): void => {
          frames.push(now - last)
          last = now
          if (now - startedAt < durationMs) return void requestAnimationFrame(frame)
          resolve({
            frames: frames.length,
            durationMs: now - startedAt,
            longestFrameMs: Math.max(...frames),
            longTasks: tasks.length,
            longestTaskMs: Math.max(0, ...tasks),
            lateFrames: frames.filter((ms) => ms > 25).length,
          })
        }
        requestAnimationFrame(frame)
      }),
    seconds * 1000,
  )
}

function report(measured: Measured, lead: string): void {
  const fps = (measured.frames / measured.durationMs) * 1000
  console.log(`${orders} orders, ${rate} deliveries/s for ${seconds} s; the page: ${lead.trim()}`)
  console.log(
    `${fps.toFixed(1)} frames/s, ${measured.lateFrames} of ${measured.frames} later than 25 ms, longest frame ${measured.longestFrameMs.toFixed(0)} ms`,
  )
  console.log(
    `tasks of the page over 50 ms: ${measured.longTasks}, the longest ${measured.longestTaskMs.toFixed(0)} ms; load of the machine ${loadavg()[0]!.toFixed(1)}`,
  )
}
