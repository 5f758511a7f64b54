import { afterEach, expect, test } from '@jest/globals'
import {
  allStarted,
  eventually,
  ledgerViolations,
  sharedRedisUrl,
  startChaosProxy,
  startPostgresPair,
  startService,
  TEST_JWT_SECRET,
  type PostgresPair,
  type ServiceName,
  type ServiceProcess,
} from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startWatchingClient, type WatchingClient } from '../chaos/watching-client.ts'

// The primary of PostgreSQL is lost while webhooks arrive, and its synchronous standby is promoted. The services have an
// address that names both, or one that leads to the other one then.

const PANEL_KEY = 'a-panel-api-key'
const WEBHOOK_TOKEN = 'a-webhook-token'
const USERS = ['ann', 'ben', 'cat']
/** From the promotion to the first webhook that is acknowledged. */
const FLOW_AGAIN_MS_MAX = 10_000
const OUTPUT_SHOWN_MAX = 4_000
/** Between a user's orders, so that the requests of three users do not take all cores from the failover. */
const ORDER_PAUSE_MS = 30

interface System {
  readonly pair: PostgresPair
  readonly ingestUrl: string
  readonly clients: readonly WatchingClient[]
  readonly output: () => string
}

async function startSystem(
  resources: AsyncDisposableStack,
  isSynchronous = true,
  addressOf: (pair: PostgresPair) => string | Promise<string> = ({ url }) => url,
): Promise<System> {
  const pair = resources.use(await startPostgresPair({ isSynchronous }))
  const env = {
    DATABASE_URL: `${await addressOf(pair)}?target_session_attrs=read-write`,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
  }
  const start = async (name: ServiceName): Promise<ServiceProcess> => resources.use(await startService(name, env))
  const [ingest, gateway] = await allStarted([start('webhook-ingest'), start('ws-gateway')])
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
      await sleep(ORDER_PAUSE_MS)
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

async function flows({ output }: System, traffic: Traffic, since: number): Promise<number> {
  try {
    return await eventually(() => traffic.acknowledgedAt.find((at) => at > since))
  } catch (cause) {
    throw new Error(`no webhook is acknowledged:\n${output().slice(-OUTPUT_SHOWN_MAX)}`, { cause })
  }
}

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

let resources: AsyncDisposableStack
afterEach(() => resources.disposeAsync())

test('the machine of the primary is lost: webhooks flow again within 10 s of the promotion, and nothing is lost', async () => {
  resources = new AsyncDisposableStack()
  const system = await startSystem(resources)
  const traffic = startTraffic(system)
  await flows(system, traffic, performance.now())
  system.pair.killPrimary()
  await sleep(500)
  await system.pair.promote()
  const promotedAt = performance.now()
  expect((await flows(system, traffic, promotedAt)) - promotedAt).toBeLessThan(FLOW_AGAIN_MS_MAX)
  await traffic.stop()
  await expectNothingLost(system, traffic)
})

test('the primary stops responding, and continues after the promotion: no client goes back to it', async () => {
  resources = new AsyncDisposableStack()
  const system = await startSystem(resources)
  const traffic = startTraffic(system)
  await flows(system, traffic, performance.now())
  system.pair.pausePrimary()
  await system.pair.promote()
  const promotedAt = performance.now()
  expect((await flows(system, traffic, promotedAt)) - promotedAt).toBeLessThan(FLOW_AGAIN_MS_MAX)
  system.pair.resumePrimary()
  const resumedAt = performance.now()
  await flows(system, traffic, resumedAt + 2_000)
  await traffic.stop()
  await expectNothingLost(system, traffic)
})

test('one name that leads to another server, as in Kubernetes: connections to the former one, which does not respond, are closed', async () => {
  resources = new AsyncDisposableStack()
  const proxy = resources.use(await startChaosProxy(0))
  const portOf = ({ url }: { readonly url: string }): number => Number(new URL(url).port)
  const system = await startSystem(resources, true, ({ primary }) => {
    proxy.target = portOf(primary)
    return primary.url.replace(/:\d+\//, `:${proxy.port}/`)
  })
  const traffic = startTraffic(system)
  await flows(system, traffic, performance.now())
  system.pair.pausePrimary()
  await system.pair.promote()
  proxy.target = portOf(system.pair.standby)
  const promotedAt = performance.now()
  expect((await flows(system, traffic, promotedAt)) - promotedAt).toBeLessThan(FLOW_AGAIN_MS_MAX)
  await traffic.stop()
  await expectNothingLost(system, traffic)
})

test('the synchronous standby is away: nothing is acknowledged until commits need not wait, and readiness says so', async () => {
  resources = new AsyncDisposableStack()
  const system = await startSystem(resources)
  const traffic = startTraffic(system)
  await flows(system, traffic, performance.now())
  system.pair.killStandby()
  const commits = await eventually(async () => {
    const { checks } = (await (await fetch(`${system.ingestUrl}/readyz`)).json()) as { checks: { commits: string } }
    return checks.commits !== 'ok' && checks.commits
  })
  expect(commits).toMatch(/degraded|failed/)
  const acknowledged = traffic.acknowledgedAt.length
  const owner = new pg.Pool({ connectionString: system.pair.primary.url, max: 1 })
  resources.defer(() => owner.end())
  await eventually(async () => {
    const { rows } = await owner.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
    return rows.length > 0
  })
  expect(traffic.acknowledgedAt.length).toBe(acknowledged)
  await owner.query(`ALTER SYSTEM SET synchronous_standby_names = ''`)
  await owner.query('SELECT pg_reload_conf()')
  await flows(system, traffic, performance.now())
  await traffic.stop()
})

test('an asynchronous standby is promoted: the epoch is rotated, and clients show what the new primary has', async () => {
  resources = new AsyncDisposableStack()
  const system = await startSystem(resources, false)
  const { pair, clients } = system
  const traffic = startTraffic(system)
  await flows(system, traffic, performance.now())
  const standby = new pg.Pool({ connectionString: pair.standby.url, max: 1 })
  resources.defer(() => standby.end())
  // Without it, nothing would say that the standby was not synchronous.
  await eventually(
    async () => (await standby.query('SELECT FROM stream_epoch WHERE NOT is_synchronous')).rowCount === 1,
  )
  pair.pauseStandby()
  await flows(system, traffic, performance.now())
  pair.killPrimary()
  pair.resumeStandby()
  await pair.promote()
  await eventually(() => clients.every(({ snapshots }) => snapshots > 0))
  expect(system.output()).toContain('acknowledged webhooks may be lost')
  await traffic.stop()
  const { rows } = await standby.query<{ user_id: string; head: number }>(
    'SELECT user_id, last_seq::int AS head FROM accounts',
  )
  for (const { user_id: userId, head } of rows) {
    const client = clients.find((one) => one.userId === userId)!
    await eventually(() => client.lastSeq === head)
  }
})

test('a delivery whose commit was cut off while it waited for the standby is acknowledged only when the standby has it', async () => {
  resources = new AsyncDisposableStack()
  const { pair, ingestUrl } = await startSystem(resources)
  const owner = new pg.Pool({ connectionString: pair.primary.url, max: 1 })
  resources.defer(() => owner.end())
  const isCommitWaiting = async (): Promise<boolean> =>
    (await owner.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'`)).rows.length >
    0
  pair.pauseStandby()
  // Of an order that is not registered: it waits for it, and its repetition changes nothing.
  let status: number | undefined
  const webhook = (async () => {
    const response = await fetch(`${ingestUrl}/webhooks/godofpanel/${WEBHOOK_TOKEN}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ order_id: 'not-registered', status: 'canceled' }),
    })
    await response.text()
    status = response.status
  })()
  await eventually(isCommitWaiting)
  // The commit is done on the primary then, and is visible there: the retry finds it.
  await owner.query(
    `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'`,
  )
  await eventually(async () => status !== undefined || (await isCommitWaiting()))
  expect(status).not.toBe(200)
  pair.resumeStandby()
  await webhook
  expect(status).toBe(200)
})
