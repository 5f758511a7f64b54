import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import {
  allStarted,
  createTestDatabase,
  mintToken,
  sharedRedisUrl,
  startService,
  TEST_JWT_SECRET,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { registerDemoPage } from 'demo'
import { randomUUID } from 'node:crypto'

export const WEBHOOK_TOKEN = 'a-webhook-token'
export const PANEL_KEY = 'a-panel-api-key'

/** Both services as separate processes, with a real PostgreSQL and a real Redis. */
export interface System extends AsyncDisposable {
  readonly database: TestDatabase
  /** The configuration of both. */
  readonly env: Readonly<Record<string, string>>
  ingest: ServiceProcess
  gateway: ServiceProcess
  /** Starts another process of a service, with the same configuration. */
  start(name: 'webhook-ingest' | 'ws-gateway'): Promise<ServiceProcess>
  register(order: Partial<Record<string, unknown>>): Promise<Response>
  /** Deposits into a user's account, which may be new. From then on the user's balance is kept in the ledger. */
  deposit(userId: string, amount: string): Promise<void>
  /** Registers up to 1,000 orders by one request. */
  registerAll(orders: readonly object[]): Promise<void>
  webhook(body: unknown, token?: string): Promise<Response>
  /** Serves the demo page for a user from another origin, as a panel does; returns its URL. */
  servePage(userId: string, options?: PageOptions): Promise<string>
}

export interface PageOptions {
  /** The gateway's URL for the page, when it differs from the one on which the gateway listens. */
  readonly socketUrl?: string
  /** Returns the page's token, for example one with an unknown signature. */
  readonly mintToken?: () => Promise<string>
}

export async function startSystem(
  options: { redisUrl?: string; databaseUrl?: string; env?: Record<string, string> } = {},
  envOf: Partial<Record<'webhook-ingest' | 'ws-gateway', Record<string, string>>> = {},
): Promise<System> {
  const resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const env = {
    DATABASE_URL: options.databaseUrl ?? database.url,
    REDIS_URL: options.redisUrl ?? sharedRedisUrl(),
    // Other tests use this Redis at the same time, with the same user ids.
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: WEBHOOK_TOKEN,
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
    ...options.env,
  }
  const start = async (name: 'webhook-ingest' | 'ws-gateway'): Promise<ServiceProcess> =>
    resources.use(await startService(name, { ...env, ...envOf[name] }))
  const starting = allStarted([start('webhook-ingest'), start('ws-gateway')])
  const [ingest, gateway] = await starting.catch(async (error: unknown) => {
    await resources.disposeAsync()
    throw error
  })

  const post = (path: string, body: unknown, headers: Record<string, string>): Promise<Response> =>
    fetch(`${system.ingest.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const defaultSocketUrl = (): string => `${system.gateway.url.replace(/^http/, 'ws')}/ws`
  const system: System = {
    database,
    env,
    ingest,
    gateway,
    start,
    register: (order) => post('/v1/orders', { ...AN_ORDER, ...order }, { authorization: `Bearer ${PANEL_KEY}` }),
    async deposit(userId, amount) {
      const headers = { authorization: `Bearer ${PANEL_KEY}` }
      await post('/v1/accounts', { userId, currency: 'USD' }, headers)
      const deposit = { amount, currency: 'USD', paymentRef: `deposit-${userId}` }
      const response = await post(`/v1/accounts/${userId}/deposits`, deposit, headers)
      if (response.status !== 201) throw new Error(`the deposit was rejected: ${await response.text()}`)
    },
    async registerAll(orders) {
      const body = { orders: orders.map((order) => ({ ...AN_ORDER, ...order })) }
      const response = await post('/v1/orders/bulk', body, { authorization: `Bearer ${PANEL_KEY}` })
      const { registered } = (await response.json()) as { registered?: number }
      if (registered !== orders.length) throw new Error(`${registered} of ${orders.length} orders are registered`)
    },
    webhook: (body, token = WEBHOOK_TOKEN) => post(`/webhooks/godofpanel/${token}`, body, {}),
    async servePage(userId, { socketUrl = defaultSocketUrl(), mintToken: mint = () => mintToken(userId) } = {}) {
      const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
      registerDemoPage(app, { mintToken: mint, socketUrl })
      resources.defer(() => app.close())
      return listen(app, { host: '127.0.0.1', port: 0 })
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
  return system
}

const AN_ORDER = {
  orderId: 'A-1',
  providerOrderId: '12345',
  userId: 'user-1',
  service: 'Instagram followers',
  link: 'https://instagram.com/somebody',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
}
