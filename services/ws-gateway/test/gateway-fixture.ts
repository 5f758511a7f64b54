import type { Position } from '@paxyo/contracts'
import { createInProcessBus, type EventBus } from '@paxyo/event-bus'
import { createHttpServer, listen, registerHealth } from '@paxyo/service-kit'
import {
  connectSocket,
  createTestDatabase,
  mintToken,
  TEST_JWT_SECRET,
  type TestDatabase,
  type TestSocket,
} from '@paxyo/testkit'
import { pino } from 'pino'
import { createGateway, type Gateway } from '../src/gateway.ts'
import type { Limits } from '../src/socket/limits.ts'
import { createBooks, type Books } from './books.ts'

export const PAGE_ORIGIN = 'https://panel.example.com'

export interface GatewayFixtureOptions {
  readonly limits?: Partial<Limits>
  /** Whether `X-Forwarded-For` says where a client is. */
  readonly trustProxy?: boolean
  readonly bus?: EventBus
  /** Another way to the same bus, for what the books publish. */
  readonly publishTo?: EventBus
}

/** ws-gateway on a database of its own, listening on the loopback address. */
export interface GatewayFixture extends AsyncDisposable {
  readonly url: string
  readonly gateway: Gateway
  readonly database: TestDatabase
  /** How many queries the gateway has asked. */
  queryCount(): number
  /** What is committed and published, as webhook-ingest would. */
  readonly books: Books
  /** Opens a connection and says hello with a good token. */
  connect(userId: string, options?: { readonly resume?: Position; readonly token?: string }): Promise<TestSocket>
  /** Opens a connection and says nothing. */
  open(options?: { readonly respondsToPings?: boolean }): Promise<TestSocket>
}

export async function startGateway(options: GatewayFixtureOptions = {}): Promise<GatewayFixture> {
  const { limits = {}, trustProxy = false, bus = createInProcessBus() } = options
  const { publishTo = bus } = options
  const database = await createTestDatabase()
  const log = pino({ level: 'silent' })
  const pool = database.poolAs('gateway')
  let queries = 0
  // The gateway takes a connection for each query.
  pool.on('acquire', () => (queries += 1))
  const gateway = createGateway({
    pool,
    bus,
    tokens: { secrets: [TEST_JWT_SECRET], audience: 'paxyo' },
    allowedOrigins: [PAGE_ORIGIN],
    limits,
    log,
  })
  const app = createHttpServer({ log, trustProxy })
  gateway.register(app)
  registerHealth(app, gateway.readiness)
  const url = await listen(app, { host: '127.0.0.1', port: 0 })
  const publisher = publishTo.connectPublisher()
  const clients: TestSocket[] = []
  const track = (client: TestSocket): TestSocket => {
    clients.push(client)
    return client
  }

  return {
    url,
    gateway,
    database,
    queryCount: () => queries,
    books: createBooks(database, publisher),
    async connect(userId, { resume, token } = {}) {
      const hello = { token: token ?? (await mintToken(userId)), ...(resume === undefined ? {} : { resume }) }
      return track(await connectSocket(url, hello))
    },
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
