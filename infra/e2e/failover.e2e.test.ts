import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import {
  createPairTemplate,
  eventually,
  ledgerViolations,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type PairTemplate,
  type PostgresPair,
} from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startWatchingClient, type WatchingClient } from '../chaos/watching-client.ts'

// The primary of PostgreSQL is lost while webhooks arrive, and its synchronous standby is promoted. The services have an
// address that names both.

const PANEL_KEY = 'a-panel-api-key'
const WEBHOOK_TOKEN = 'a-webhook-token'
const USERS = ['ann', 'ben', 'cat']
/** From the promotion to the first webhook that is acknowledged. */
const FLOW_AGAIN_MS_MAX = 10_000

interface System {
  readonly pair: PostgresPair
  readonly ingestUrl: string
  readonly clients: readonly WatchingClient[]
  readonly output: () => string
}

async function startSystem(resources: AsyncDisposableStack): Promise<System> {
  const pair = resources.use(await template.start({ isSynchronous: true }))
  const env = {
    DATABASE_URL: `${pair.url}?target_session_attrs=read-write`,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
  }
  const [ingest, gateway] = await Promise.all([startService('webhook-ingest', env), startService('ws-gateway', env)])
  resources.use(ingest)
  resources.use(gateway)
  const clients = USERS.map((userId) => startWatchingClient(userId, () => gateway.url, Math.random))
  resources.defer(() => clients.forEach((client) => client.stop()))
  await eventually(() => clients.every(({ firstSeq }) => firstSeq === 0))
  return { pair, ingestUrl: ingest.url, clients, output: () => ingest.output() + gateway.output() }
}

/** What the provider and the panel know. */
interface Traffic {
  readonly canceled: string[]
  /** When each webhook was acknowledged, by `performance.now`. */
  readonly acknowledgedAt: number[]
  stop(): Promise<void>
}

/** Orders of all users that are registered and then canceled, each request until it is accepted. */
function startTraffic({ ingestUrl }: System): Traffic {
  const stopping = new AbortController()
  const traffic = { canceled: [] as string[], acknowledgedAt: [] as number[] }

  async function send(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` }
    for (;;) {
      const status = await fetch(`${ingestUrl}${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(12_000),
      }).then(
        async (response) => (await response.text(), response.status),
        () => 503,
      )
      if (status < 300) return
      expect(status).toBe(503)
      await sleep(50)
    }
  }

  async function work(userId: string): Promise<void> {
    for (let index = 0; !stopping.signal.aborted; index += 1) {
      const orderId = `${userId}-${index}`
      const details = {
        service: 'followers',
        link: 'https://example.com',
        quantity: 10,
        charge: '0.1',
        currency: 'USD',
      }
      await send('/v1/orders', { orderId, providerOrderId: orderId, userId, ...details })
      await send(`/webhooks/godofpanel/${WEBHOOK_TOKEN}`, { order_id: orderId, status: 'canceled' })
      traffic.canceled.push(orderId)
      traffic.acknowledgedAt.push(performance.now())
    }
  }

  const working = Promise.all(USERS.map(work))
  return {
    ...traffic,
    async stop() {
      stopping.abort()
      await working
    },
  }
}

const flows = (traffic: Traffic, since: number): Promise<number> =>
  eventually(() => traffic.acknowledgedAt.find((at) => at > since))

/** Everything acknowledged is in the new primary once, and every client has received every event once, without a snapshot. */
async function expectNothingLost({ pair, clients }: System, { canceled }: Traffic): Promise<void> {
  const owner = new pg.Pool({ connectionString: pair.standby.url, max: 2 })
  try {
    const { rows } = await owner.query<{ order_id: string; refunds: string }>(
      `SELECT order_id, string_agg(trim_scale(amount)::text, '+') AS refunds FROM ledger_entries WHERE kind = 'refund' GROUP BY 1`,
    )
    expect(rows.filter(({ refunds }) => refunds !== '0.1')).toEqual([])
    const refunded = new Set(rows.map(({ order_id: orderId }) => orderId))
    expect(canceled.filter((orderId) => !refunded.has(orderId))).toEqual([])
    expect(await ledgerViolations(owner)).toEqual({})
    const { rows: heads } = await owner.query<{ user_id: string; head: number }>(
      'SELECT user_id, last_seq::int AS head FROM accounts',
    )
    for (const { user_id: userId, head } of heads) {
      const client = clients.find((one) => one.userId === userId)!
      await eventually(() => client.lastSeq === head)
      expect(client.received.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, index) => index + 1))
      expect(client.snapshots).toBe(0)
    }
  } finally {
    await owner.end()
  }
}

let template: PairTemplate
beforeAll(async () => {
  template = await createPairTemplate()
})
afterAll(() => template[Symbol.dispose]())

let resources: AsyncDisposableStack
afterEach(() => resources.disposeAsync())

test('the machine of the primary is lost: webhooks flow again within 10 s of the promotion, and nothing is lost', async () => {
  resources = new AsyncDisposableStack()
  const system = await startSystem(resources)
  const traffic = startTraffic(system)
  await flows(traffic, performance.now())
  system.pair.killPrimary()
  await sleep(500)
  await system.pair.promote()
  const promotedAt = performance.now()
  expect((await flows(traffic, promotedAt)) - promotedAt).toBeLessThan(FLOW_AGAIN_MS_MAX)
  await traffic.stop()
  await expectNothingLost(system, traffic)
})

test('the primary stops responding, and continues after the promotion: no client goes back to it', async () => {
  resources = new AsyncDisposableStack()
  const system = await startSystem(resources)
  const traffic = startTraffic(system)
  await flows(traffic, performance.now())
  system.pair.pausePrimary()
  await system.pair.promote()
  const promotedAt = performance.now()
  expect((await flows(traffic, promotedAt)) - promotedAt).toBeLessThan(FLOW_AGAIN_MS_MAX)
  system.pair.resumePrimary()
  const resumedAt = performance.now()
  await flows(traffic, resumedAt + 2_000)
  await traffic.stop()
  await expectNothingLost(system, traffic)
})
