import type { BalanceMode, OrderEvent } from '@paxyo/contracts'
import { createInProcessBus, type EventBus } from '@paxyo/event-bus'
import { createHttpServer, registerHealth } from '@paxyo/service-kit'
import { createTestDatabase, TEST_JWT_SECRET, type TestDatabase } from '@paxyo/testkit'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import { userChannel } from '@paxyo/contracts'
import type { ConfiguredProvider, WebhookAuthentication } from '@paxyo/providers'
import { createGodOfPanel } from '@paxyo/godofpanel'
import type { RefundApproval } from '@paxyo/order-core'
import { createIngest, type Ingest } from '../src/ingest.ts'
import type { VerificationTimes } from '../src/workers/provider-verification/provider-verification.ts'
import type { OutgoingWebhookSettings } from '../src/workers/outgoing-webhooks/outgoing-webhook-config.ts'
import type { ReconcileSchedule } from '../src/workers/reconcile/reconcile-config.ts'

/** Of a single sign-on proxy of the console. */
export const TRUSTED_HEADER = { header: 'X-Forwarded-User', proxies: ['10.77.0.0/16'] }

export const TOKEN = 'a-webhook-token'
export const API_KEY = 'a-panel-api-key'

/** GodOfPanel without an API and without credentials for its webhooks. */
export const GODOFPANEL: ConfiguredProvider = {
  provider: createGodOfPanel(),
  authentication: { tokens: [], signatureKeys: [], allowedCidrs: [] },
}

/** No endpoint in the environment; this machine is allowed. */
export const NO_ENDPOINT: OutgoingWebhookSettings = {
  endpoint: undefined,
  rules: { allowPrivate: false, allowLoopback: true },
  retryDelaysMs: [],
}

/** webhook-ingest with its own database, without a network. */
export interface IngestFixture extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly database: TestDatabase
  readonly ingest: Ingest
  readonly bus: EventBus
  /** Every route, as `POST /v1/orders`. */
  readonly routes: readonly string[]
  /** Log lines, parsed. */
  readonly log: Record<string, unknown>[]
  webhook(body: unknown, path?: string): Promise<LightMyRequestResponse>
  register(order?: Partial<Record<string, unknown>>): Promise<LightMyRequestResponse>
  /** Sends a panel API request with a valid key. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    payload?: object,
    headers?: object,
  ): Promise<LightMyRequestResponse>
  /** Collects the events that are published for a user from now on. */
  follow(userId: string): Promise<OrderEvent[]>
}

/** GodOfPanel's API, and whether refunds wait for it. */
export interface FixtureProvider {
  readonly url: string
  readonly key: string
  readonly verifiesRefunds: boolean
  readonly verificationTimes?: Partial<VerificationTimes>
  readonly reconcileSchedule?: ReconcileSchedule
}

interface FixtureOptions {
  /** The database of another fixture, which disposes it. */
  readonly database?: TestDatabase
  readonly refundApproval?: RefundApproval
  readonly accountMode?: BalanceMode
  readonly provider?: FixtureProvider
  /** Further providers. */
  readonly others?: readonly ConfiguredProvider[]
  readonly hasDocs?: boolean
  readonly jwtSecrets?: string[]
  readonly outgoingWebhooks?: OutgoingWebhookSettings
  readonly hasConsole?: boolean
}

export async function startIngest(
  authentication: Partial<WebhookAuthentication> = { tokens: [TOKEN] },
  {
    database: sharedDatabase,
    provider,
    others = [],
    hasDocs = true,
    jwtSecrets = [TEST_JWT_SECRET],
    outgoingWebhooks = NO_ENDPOINT,
    refundApproval,
    accountMode,
    hasConsole = false,
  }: FixtureOptions = {},
): Promise<IngestFixture> {
  const database = sharedDatabase ?? (await createTestDatabase())
  const bus = createInProcessBus()
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line) as never) })
  const ingest = createIngest({
    pool: database.poolAs('ingest', 10),
    publisher: bus.connectPublisher(),
    bus,
    providers: [
      {
        provider: createGodOfPanel({ api: provider }),
        authentication: { ...GODOFPANEL.authentication, ...authentication },
      },
      ...others,
    ],
    verifiesRefunds: provider?.verifiesRefunds ?? false,
    ...(provider?.verificationTimes === undefined ? {} : { verificationTimes: provider.verificationTimes }),
    reconcileSchedule: provider?.reconcileSchedule,
    refundApproval,
    accountMode,
    apiKeys: [API_KEY],
    tokens: { secrets: jwtSecrets, audience: 'paxyo' },
    hasDocs,
    outgoingWebhooks,
    console: hasConsole ? { environment: 'development', origin: undefined, trustedHeader: TRUSTED_HEADER } : undefined,
    log: logger,
  })
  const app = createHttpServer({ log: logger, trustProxy: false })
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of [method].flat()) if (name !== 'HEAD') routes.push(`${name} ${url}`)
  })
  ingest.register(app)
  registerHealth(app, ingest.readiness)
  await app.ready()

  const call: IngestFixture['call'] = (method, url, payload, headers) =>
    app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${API_KEY}`, ...headers },
      ...(payload === undefined ? {} : { payload }),
    })

  return {
    app,
    database,
    ingest,
    bus,
    routes,
    log,
    call,
    webhook: (body, path = `/webhooks/godofpanel/${TOKEN}`) =>
      app.inject({
        method: 'POST',
        url: path,
        headers: { 'content-type': 'application/json' },
        payload: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    register: (order) => call('POST', '/v1/orders', { ...anOrder(), ...order }),
    async follow(userId) {
      const events: OrderEvent[] = []
      const subscriber = bus.connectSubscriber({
        onMessage(_channel, payload) {
          const event = JSON.parse(payload.toString()) as OrderEvent
          // The outbox may publish an event twice; receivers deduplicate by seq.
          if (!events.some(({ seq }) => seq === event.seq)) events.push(event)
        },
        onRestored: () => undefined,
      })
      await subscriber.subscribe(userChannel(userId))
      return events
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await ingest.close()
      if (sharedDatabase === undefined) await database[Symbol.asyncDispose]()
    },
  }
}

export function anOrder() {
  return {
    orderId: 'A-1',
    providerOrderId: '12345',
    userId: 'user-1',
    service: 'Instagram followers',
    link: 'https://instagram.com/somebody',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
    payment: 'external' as const,
  }
}
