import { createKysely, inviteOperator } from '@paxyo/database'
import { bundleProgram, freePort, launchChromium, startProcess, type Browser, type Page } from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startServers } from '../machine/servers.ts'
import { takeTurns } from '../report/rounds.ts'
import type { Report } from '../report/samples.ts'
import { BATCH, startPublishing } from './publish-batches.ts'
import { startTrace } from './trace.ts'

export interface ConsolePageOptions {
  readonly rounds: number
  readonly roundMs: number
  readonly orders: number
  /** Deliveries per second. */
  readonly rate: number
}

const STANDALONE = fileURLToPath(new URL('../../../services/standalone/src/main.ts', import.meta.url))
const ORDERS_PER_USER = 10
const PASSWORD = 'correct horse battery staple'
/** Until the list of *Live* is full: what a page costs grows with its rows. */
const WARM_UP_MS = 20_000
/** A frame of a display with 60 Hz has 16.7 ms; a later one was left out. */
const LATE_FRAME_MS = 25
const VIEWPORT = { width: 1440, height: 900 }

const PAGES = [
  { name: 'Live', path: 'live' },
  { name: 'Today', path: '' },
  { name: 'Refunds', path: 'refunds' },
] as const

/**
 * How smooth the console's pages stay: many orders in the database, and deliveries at a rate that a person cannot read,
 * as webhook-ingest publishes them. It publishes their messages itself, so that the rate does not depend on the machine;
 * the gateway, the panel API and the page are as in production.
 */
export async function benchConsolePage({ rounds, roundMs, orders, rate }: ConsolePageOptions): Promise<Report> {
  await using resources = new AsyncDisposableStack()
  const servers = resources.use(await startServers(seedSql(orders)))
  const databaseUrl = await servers.copyDatabase('console_page')
  const channelPrefix = `${randomUUID()}:`
  const port = await freePort()
  const service = await startProcess(await bundleProgram(STANDALONE), {
    DATABASE_URL: databaseUrl,
    REDIS_URL: servers.redisUrl,
    CHANNEL_PREFIX: channelPrefix,
    CONSOLE: 'on',
    DEMO: 'off',
    PORT: String(port),
  })
  resources.defer(async () => void (await service.end('SIGTERM')))
  const browser = resources.adopt(await launchChromium(), (launched) => launched.close())
  const url = `http://localhost:${port}`
  const page = await signIn(browser, url, databaseUrl)
  resources.use(startPublishing({ redisUrl: servers.redisUrl, channelPrefix, rate, orders }))
  const loads: number[] = []
  const samples = await takeTurns(`${orders} orders, ${rate} deliveries/s`, PAGES, rounds, async ({ path }) => {
    await page.goto(`${url}/console/${path}`)
    await page.locator('.live-pill[data-state="live"]').waitFor()
    await page.waitForTimeout(WARM_UP_MS)
    loads.push(loadavg()[0]!)
    return measure(browser, page, roundMs)
  })
  const load = loads.map((value) => value.toFixed(1)).join(', ')
  return {
    name: 'console-page',
    subject: PAGES[0].name,
    samples,
    remarks: [
      `${rate / BATCH} messages a second, of ${BATCH} deliveries each`,
      `the machine's load at each round: ${load}`,
    ],
  }
}

const seedSql = (orders: number): string => `
  INSERT INTO accounts (user_id, currency)
  SELECT 'user-' || n, 'USD' FROM generate_series(1, ${Math.ceil(orders / ORDERS_PER_USER)}) AS n;
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
  SELECT 'A-' || n, 'godofpanel', n::text, 'user-' || (n % ${Math.ceil(orders / ORDERS_PER_USER)} + 1),
    'Instagram followers', 'https://www.instagram.com/' || n, 1000, 2.5
  FROM generate_series(1, ${orders}) AS n`

async function signIn(browser: Browser, url: string, databaseUrl: string): Promise<Page> {
  const owner = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  const by = { actor: 'bench', actorName: 'bench', address: null }
  const invited = await inviteOperator(createKysely(owner), { name: 'Bea', role: 'owner', refundLimit: null }, by)
  await owner.end()
  if (typeof invited === 'string') throw new Error(invited)
  const context = await browser.newContext({ viewport: VIEWPORT })
  const accepted = await context.request.post(`${url}/console/api/accept-link`, {
    headers: { 'x-paxyo-console': '1' },
    data: { link: invited.link.token, password: PASSWORD },
  })
  if (!accepted.ok()) throw new Error(await accepted.text())
  return context.newPage()
}

/** Frames as the page's clock shows them, and the tasks of its thread by a trace of the browser. */
async function measure(browser: Browser, page: Page, roundMs: number): Promise<Record<string, number>> {
  const trace = await startTrace(browser, page)
  const frames = await page.evaluate(
    (durationMs) =>
      new Promise<number[]>((resolve) => {
        const intervals: number[] = []
        const startedAt = performance.now()
        let last = startedAt
        const frame = (now: number): void => {
          intervals.push(now - last)
          last = now
          if (now - startedAt < durationMs) requestAnimationFrame(frame)
          else resolve(intervals)
        }
        requestAnimationFrame(frame)
      }),
    roundMs,
  )
  const tasks = await trace.stop()
  return {
    'frames/s': (frames.length / roundMs) * 1000,
    'late frames %': (frames.filter((ms) => ms > LATE_FRAME_MS).length / frames.length) * 100,
    'page CPU-ms/s': (tasks.cpuMs / roundMs) * 1000,
    'longest task CPU-ms': tasks.longestCpuMs,
    'longest task ms': tasks.longestMs,
    'tasks over 50 ms': tasks.over50Ms,
  }
}
