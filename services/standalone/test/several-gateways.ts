import { createInProcessBus, type EventBus } from '@paxyo/event-bus'
import { createProviders, type ProviderSettings } from '@paxyo/providers'
import { createHttpServer, createMetrics, listen } from '@paxyo/service-kit'
import {
  connectSocket,
  createTestDatabase,
  eventually,
  mintToken,
  TEST_JWT_SECRET,
  type TestDatabase,
  type TestSocket,
} from '@paxyo/testkit'
import { pino } from 'pino'
import { createIngest } from 'webhook-ingest'
import { createGateway } from 'ws-gateway'

const KEY = 'a-panel-api-key'
const WEBHOOK_TOKEN = 'a-webhook-token'
const PROVIDER: ProviderSettings = {
  format: 'godofpanel',
  name: 'godofpanel',
  statusMap: {},
  api: undefined,
  authentication: { tokens: [WEBHOOK_TOKEN], signatureKeys: [], allowedCidrs: [] },
}

export interface CallResult {
  readonly status: number
  // Each test knows the response that it asks for.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

export interface RunningIngest {
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<CallResult>
  webhook(body: object): Promise<void>
  metrics(): Promise<string>
  close(): Promise<void>
}

/** Two processes' worth of each service, in this process, on one database. */
export interface SeveralGateways extends AsyncDisposable {
  readonly database: TestDatabase
  readonly ingests: readonly RunningIngest[]
  /** Connects to a gateway, by its number. */
  connect(gateway: number, userId: string, token?: string): Promise<TestSocket>
  /** Opens a connection and sends nothing. */
  open(gateway: number): Promise<TestSocket>
  /** Waits until every process knows of the others. */
  ready(): Promise<void>
}

/** @param busOf the bus of a process; by default all share the in-process bus. */
export async function startSeveral(busOf?: () => EventBus): Promise<SeveralGateways> {
  const database = await createTestDatabase()
  const shared = createInProcessBus()
  const bus = busOf ?? (() => shared)
  const log = pino({ level: 'silent' })
  const ingests = await Promise.all([0, 1].map(() => startIngest(database, bus(), log)))
  const gateways = await Promise.all([0, 1].map(() => startGateway(database, bus(), log)))
  const clients: TestSocket[] = []

  const several: SeveralGateways = {
    database,
    ingests,
    async connect(gateway, userId, token) {
      const client = await several.open(gateway)
      client.send({ type: 'hello', token: token ?? (await mintToken(userId)) })
      return client
    },
    async open(gateway) {
      const client = await connectSocket(gateways[gateway]!.url)
      clients.push(client)
      return client
    },
    async ready() {
      for (const ingest of ingests) {
        await eventually(async () => {
          const { status, body } = await ingest.call('GET', '/v1/connections')
          return status === 200 && body.gateways.length === gateways.length
        })
      }
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await Promise.all(gateways.map((gateway) => gateway.close()))
      await Promise.all(ingests.map((ingest) => ingest.close()))
      await database[Symbol.asyncDispose]()
    },
  }
  return several
}

async function startIngest(database: TestDatabase, bus: EventBus, log: pino.Logger): Promise<RunningIngest> {
  const publisher = bus.connectPublisher()
  const ingest = createIngest({
    pool: database.poolAs('ingest', 10),
    publisher,
    bus,
    providers: createProviders([PROVIDER]),
    verifiesRefunds: false,
    apiKeys: [KEY],
    tokens: { secrets: [TEST_JWT_SECRET], audience: 'paxyo' },
    hasDocs: false,
    log,
  })
  const registry = createMetrics('webhook-ingest')
  ingest.addMetrics(registry)
  const app = createHttpServer({ log, trustProxy: false })
  ingest.register(app)
  await app.ready()
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await ingest.close()
    await publisher.close()
    await app.close()
  }
  return {
    async call(method, path, body) {
      const headers = { authorization: `Bearer ${KEY}` }
      const response = await app.inject({
        method,
        url: path,
        headers,
        ...(body === undefined ? {} : { payload: body }),
      })
      return { status: response.statusCode, body: response.json() }
    },
    async webhook(body) {
      await app.inject({ method: 'POST', url: `/webhooks/godofpanel/${WEBHOOK_TOKEN}`, payload: body })
    },
    metrics: () => registry.metrics(),
    close: () => (closing ??= close()),
  }
}

async function startGateway(
  database: TestDatabase,
  bus: EventBus,
  log: pino.Logger,
): Promise<{ url: string; close(): Promise<void> }> {
  const gateway = createGateway({
    pool: database.poolAs('gateway', 8),
    bus,
    tokens: { secrets: [TEST_JWT_SECRET], audience: 'paxyo' },
    allowedOrigins: [],
    log,
  })
  const app = createHttpServer({ log, trustProxy: false })
  gateway.register(app)
  const url = await listen(app, { host: '127.0.0.1', port: 0 })
  return {
    url,
    async close() {
      await gateway.close(0)
      await app.close()
    },
  }
}
