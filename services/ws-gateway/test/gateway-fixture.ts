import type { Position } from '@paxyo/contracts'
import { createInProcessBus, type EventBus } from '@paxyo/event-bus'
import { createHttpServer, listen, registerHealth } from '@paxyo/service-kit'
import {
  connectSocket,
  connectStream,
  createTestDatabase,
  mintToken,
  TEST_JWT_SECRET,
  type TestDatabase,
  type ConnectStreamOptions,
  type TestSocket,
  type TestStream,
} from '@paxyo/testkit'
import { pino } from 'pino'
import { createGateway, type Gateway } from '../src/gateway.ts'
import type { Limits } from '../src/socket/limits.ts'
import { createTestIngest, type TestIngest } from './test-ingest.ts'

export const PAGE_ORIGIN = 'https://panel.example.com'

export interface GatewayFixtureOptions {
  readonly limits?: Partial<Limits>
  /** Whether the client's address is taken from `X-Forwarded-For`. */
  readonly trustProxy?: boolean
  readonly bus?: EventBus
  readonly allowedOrigins?: readonly string[]
  /** Another connection to the same bus, for the events of `ingest`. */
  readonly publishTo?: EventBus
}

/** ws-gateway on its own database, listening on the loopback address. */
export interface GatewayFixture extends AsyncDisposable {
  readonly url: string
  readonly gateway: Gateway
  readonly database: TestDatabase
  /** How many queries the gateway has sent for its clients. */
  queryCount(): number
  /** Commits and publishes like webhook-ingest. */
  readonly ingest: TestIngest
  /** Opens a connection and sends a hello with a valid token. */
  connect(userId: string, options?: { readonly resume?: Position; readonly token?: string }): Promise<TestSocket>
  /** Opens a stream with a valid token. */
  stream(userId: string, options?: ConnectStreamOptions): Promise<TestStream>
  /** Opens a connection and sends nothing. */
  open(options?: { readonly respondsToPings?: boolean }): Promise<TestSocket>
}

export async function startGateway(options: GatewayFixtureOptions = {}): Promise<GatewayFixture> {
  const { limits = {}, trustProxy = false, bus = createInProcessBus(), allowedOrigins = [PAGE_ORIGIN] } = options
  const { publishTo = bus } = options
  const database = await createTestDatabase()
  const log = pino({ level: 'silent' })
  const pool = database.poolAs('gateway')
  let queries = 0
  // The proxy passes `this` on.
  // oxlint-disable-next-line typescript/unbound-method
  pool.query = new Proxy(pool.query, {
    apply(query, self, parameters: [{ readonly name?: string }]) {
      // Those are read at fixed intervals, whatever clients do.
      if (!['read_cutoffs', 'read_batch_ids', 'read_epoch'].includes(parameters[0].name ?? '')) queries += 1
      return Reflect.apply(query, self, parameters) as unknown
    },
  })
  const gateway = createGateway({
    pool,
    bus,
    tokens: { secrets: [TEST_JWT_SECRET], audience: 'paxyo' },
    allowedOrigins,
    // A test opens as many connections as it can; those of the admission say how many a second are accepted.
    limits: { handshakesPerSecondMax: 100_000, ...limits },
    log,
  })
  const app = createHttpServer({ log, trustProxy })
  gateway.register(app)
  registerHealth(app, gateway.readiness)
  const url = await listen(app, { host: '127.0.0.1', port: 0 })
  const publisher = publishTo.connectPublisher()
  const clients: { close(): void }[] = []
  const track = <Client extends { close(): void }>(client: Client): Client => {
    clients.push(client)
    return client
  }

  return {
    url,
    gateway,
    database,
    queryCount: () => queries,
    ingest: createTestIngest(database, publisher),
    async connect(userId, { resume, token } = {}) {
      const hello = { token: token ?? (await mintToken(userId)), ...(resume === undefined ? {} : { resume }) }
      return track(await connectSocket(url, hello))
    },
    stream: async (userId, options_ = {}) =>
      track(await connectStream(url, { token: await mintToken(userId), ...options_ })),
    open: async (opening = {}) => track(await connectSocket(url, opening)),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await gateway.close(0)
      await app.close()
      await publisher.close()
      await database[Symbol.asyncDispose]()
    },
  }
}
