import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, startChaosProxy, startMariaDb, type ChaosProxy, type MariaDb } from '@paxyo/testkit'
import { createRandom } from '../../chaos/random.ts'
import { startSystem, type System } from '../../e2e/system.ts'
import { insertOrders, makeOrders, makeUpdates, readOurs, readTheirs } from './panel-orders.ts'
import { startFeedSite, startWebhookSite, type PanelSite } from './panel-sites.ts'

// A whole panel: three sites in PHP with tables in MariaDB learn of the same orders, by webhooks at PHP's own server, by
// webhooks at Apache, and by the changes feed. Meanwhile the network repeats and reorders, and every server is killed. In the
// end their tables must equal ours. `PANEL_ORDERS=1000` is the long version; `PANEL_SEED` replays the faults.

const ORDERS = Number(process.env['PANEL_ORDERS'] ?? 120)
const SEED = Number(process.env['PANEL_SEED'] ?? Date.now() % 1_000_000)
/** Three days of retries, in a minute. */
const RETRY_SECONDS = ['0', '0', ...Array.from({ length: 48 }, () => '1')].join(',')
/** Packages of Debian may have to be installed first. */
const SET_UP_TIMEOUT_MS = 300_000
/** Far longer than deliveries to one machine take. */
const SETTLE_TIMEOUT_MS = 60_000 + ORDERS * 200
const TEST_TIMEOUT_MS = 120_000 + ORDERS * 1_000
const BULK_MAX = 1_000

let system: System
let mariaDb: MariaDb
let api: ChaosProxy
let sites: PanelSite[]
const random = createRandom(SEED)
const cleanUp = new AsyncDisposableStack()
beforeAll(async () => {
  mariaDb = cleanUp.use(await startMariaDb())
  system = cleanUp.use(await startSystem({ env: { OUTGOING_WEBHOOK_RETRY_SECONDS: RETRY_SECONDS } }))
  api = cleanUp.use(await startChaosProxy(portOf(system.ingest.url)))
  const deps = { mariaDb, apiUrl: `http://127.0.0.1:${api.port}`, random: random.fork() }
  sites = [
    cleanUp.use(await startWebhookSite(deps, 'builtin', ['order.updated', 'refund.paid'])),
    cleanUp.use(await startWebhookSite(deps, 'apache', ['order.updated'])),
    cleanUp.use(await startFeedSite(deps)),
  ]
}, SET_UP_TIMEOUT_MS)
afterAll(() => cleanUp.disposeAsync())

const portOf = (url: string): number => Number(new URL(url).port)

/** webhook-ingest is killed; another process takes over at the same address. */
async function killIngest(): Promise<void> {
  await system.ingest.end('SIGKILL')
  api.cut()
  system.ingest = await system.start('webhook-ingest')
  api.target = portOf(system.ingest.url)
}

/** The provider repeats a request until it gets 200, as providers do. */
async function deliver(updates: readonly object[]): Promise<void> {
  await eventually(async () => (await system.webhook(updates)).status === 200)
}

/** Whether no webhook waits for its delivery. */
async function hasSentAll(): Promise<boolean> {
  const { rows } = await system.database.owner.query<{ hasSentAll: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM outgoing_webhooks WHERE state = 'pending') AND bool_and(position = head) AS "hasSentAll"
     FROM outgoing_webhook_endpoints CROSS JOIN (SELECT position AS head FROM change_feed_head) AS feed
     WHERE is_enabled`,
  )
  return rows[0]!.hasSentAll
}

/** Once a webhook has found it stopped. */
async function startAgain(site: PanelSite): Promise<void> {
  await eventually(() => site.counts()['panel responded 502'] !== undefined)
  await site.start()
}

test(
  `${ORDERS} orders: the tables of all three panels equal ours (seed ${SEED})`,
  async () => {
    const orders = makeOrders(ORDERS, random)
    for (const { database } of sites) insertOrders(mariaDb, database, orders)
    for (let start = 0; start < orders.length; start += BULK_MAX) {
      await system.registerAll(orders.slice(start, start + BULK_MAX))
    }
    const requests = makeUpdates(orders, random)
    const [builtin, apache, feed] = sites as [PanelSite, PanelSite, PanelSite]
    const faults = new Map<number, () => Promise<void>>(
      [
        () => builtin.stop(),
        killIngest,
        () => feed.stop(),
        () => apache.stop(),
        () => startAgain(builtin),
        killIngest,
        () => feed.start(),
        () => startAgain(apache),
        async () => {
          await feed.stop()
          await feed.start()
        },
        killIngest,
      ].map((fault, index, { length }) => [Math.floor(((index + 1) * requests.length) / (length + 1)), fault]),
    )

    let pending = Promise.resolve()
    for (const [index, updates] of requests.entries()) {
      const fault = faults.get(index)
      // While something is down, updates come in all the same.
      if (fault !== undefined) pending = pending.then(fault)
      await deliver(updates)
    }
    await pending
    for (const site of sites) site.calm()

    const ours = await readOurs(system)
    expect(ours.length).toBeGreaterThan(ORDERS)
    await eventually(hasSentAll, SETTLE_TIMEOUT_MS)
    for (const site of sites) {
      const differing = async (): Promise<string[]> => {
        const theirs = new Set(await readTheirs(mariaDb, site.database))
        return ours.filter((line) => !theirs.has(line))
      }
      await eventually(async () => (await differing()).length === 0, SETTLE_TIMEOUT_MS).catch(() => undefined)
      expect({ site: site.database, differing: await differing() }).toEqual({ site: site.database, differing: [] })
      expect(site.log()).not.toMatch(/PHP (?:Warning|Notice|Fatal|Deprecated|Parse)|follow\.php ended/)
    }
    // The faults have happened.
    for (const site of [builtin, apache]) {
      expect(Object.keys(site.counts())).toEqual(
        expect.arrayContaining([
          'response lost',
          'delivered twice at once',
          'older request repeated',
          'panel responded 502',
        ]),
      )
    }
  },
  TEST_TIMEOUT_MS,
)
