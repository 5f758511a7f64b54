import { createPool } from '@paxyo/database'
import { createRedisBus, type EventPublisher } from '@paxyo/event-bus'
import { createGodOfPanel } from '@paxyo/godofpanel'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import type { Pool, PoolClient } from 'pg'
import { createIngest, INGEST_POOL_MAX } from 'webhook-ingest'
import { CHAOS_PROVIDERS } from './providers.ts'

// The real webhook-ingest, except that it kills itself at its CRASH_AT-th step after a webhook or a PUT has arrived. A step is the
// arrival, the queries and messages of each turn of the event loop once they are sent and before a response is read, and the start
// and the end of the response. A killed process has changed nothing but by what it has sent, and between two steps it sends nothing.

const crashAt = Number(process.env['CRASH_AT'])
let steps = 0
let hasRequest = false

function step(): void {
  if (!hasRequest) return
  steps += 1
  if (steps === crashAt) process.kill(process.pid, 'SIGKILL')
}

let isStepDue = false

/** The queries of a turn are sent at its end. */
function stepWhenSent(): void {
  if (isStepDue) return
  isStepDue = true
  const stepAtEnd = (): void => {
    isStepDue = false
    step()
  }
  process.nextTick(() => process.nextTick(stepAtEnd))
}

/** The same function with a step as soon as it has sent something. */
function withStep<Args extends unknown[], Result>(
  send: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return (...args) => {
    const response = send(...args)
    stepWhenSent()
    return response
  }
}

const pool: Pool = createPool({
  url: process.env['DATABASE_URL']!,
  role: 'ingest',
  name: 'crash-point-ingest',
  max: INGEST_POOL_MAX,
})
const connect = pool.connect.bind(pool) as () => Promise<PoolClient>
const stepped = new WeakSet<PoolClient>()
pool.connect = (async () => {
  const client = await connect()
  if (!stepped.has(client)) {
    stepped.add(client)
    client.query = withStep(client.query.bind(client) as never) as never
  }
  return client
}) as never
// pool.query, over the connections above.
pool.query = (async (text: string, values?: unknown[]) => {
  const client = await pool.connect()
  try {
    return await client.query(text, values)
  } finally {
    client.release()
  }
}) as never

const bus = createRedisBus({
  url: process.env['REDIS_URL']!,
  channelPrefix: process.env['CHANNEL_PREFIX']!,
  onError: () => undefined,
})
const publisher: EventPublisher = bus.connectPublisher()
publisher.publish = withStep(publisher.publish.bind(publisher))

const log = createLogger('crash-point-ingest', 'info')
const authentication = { tokens: [CHAOS_PROVIDERS[0]!.token], signatureKeys: [], allowedCidrs: [] }
// With a provider API, a refund is paid only after its verification; verifications of a killed process resume at once.
const providerUrl = process.env['PROVIDER_API_URL']
const api = providerUrl === undefined ? undefined : { url: providerUrl, key: process.env['PROVIDER_API_KEY']! }
const tokens = { secrets: [], audience: 'paxyo' }
const ingest = createIngest({
  pool,
  publisher,
  bus,
  providers: [{ provider: createGodOfPanel({ api }), authentication }],
  verifiesRefunds: api !== undefined,
  verificationTimes: { leaseMs: 1, lagMs: 0 },
  apiKeys: [process.env['PANEL_API_KEYS']!],
  tokens,
  hasDocs: false,
  log,
})
const app = createHttpServer({ log, trustProxy: false })
app.addHook('onRequest', async (request) => {
  hasRequest ||= request.url.startsWith('/webhooks') || request.method === 'PUT'
  step()
})
app.addHook('onSend', async () => step())
app.addHook('onResponse', async () => step())
ingest.register(app)
const address = await listen(app, { host: '127.0.0.1', port: 0 })
log.info({ address }, 'listening')
