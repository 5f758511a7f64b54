import { chainAuditCalls } from '@paxyo/database'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { seedSql } from './ingest/seed.ts'
import { startHttpLoad } from './load/http-load.ts'
import { startServers } from './machine/servers.ts'
import { startService, type Service } from './machine/service.ts'

// Measures what a write of the panel API costs: one that is rejected because the queue is full, one that is rejected because the
// part of its account is full, a deposit, a repeated payment, a refund, a registration, and a token. `--checkout`, repeatable, measures
// other checkouts of this repository in turns with this one. At last, what the audit log needs for a routine call that was recorded.
const { values } = parseArgs({
  options: {
    checkout: { type: 'string', multiple: true, default: [] },
    /** All by default. */
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '32' },
    'node-arg': { type: 'string', multiple: true, default: [] },
  },
})
const durationMs = Number(values.seconds) * 1000
const connections = Number(values.connections)

const KEY = 'a-panel-key-for-the-benchmark'
const USERS = 1_000
/** As many as may wait. */
const WAITING = 1_000
/** As many of one account as may be in progress; these accounts take all slots. */
const ACTIVE_OF_USER = 16
const LOCKED_USERS = Array.from({ length: 16 }, (_, index) => `user-${index + 1}`)
const OTHER_USERS = Array.from({ length: WAITING }, (_, index) => `none-${index}`)
const SETTLE_MS = 500
/** Until the requests that waited are done. */
const DRAIN_MS = 4_000

const SCENARIOS = [
  '503, queue',
  '503, subject',
  'deposit',
  'repeated payment',
  'refund',
  'registration',
  'token',
  'tokens at once',
] as const
type Scenario = (typeof SCENARIOS)[number]

const HERE = fileURLToPath(new URL('../..', import.meta.url))
await using servers = await startServers(seedSql(USERS, USERS))
using load = startHttpLoad()
await using services = new AsyncDisposableStack()

interface Variant {
  readonly name: string
  readonly service: Service
  readonly url: string
}
const variants: Variant[] = []
for (const [index, folder] of [HERE, ...values.checkout].entries()) {
  const url = await servers.copyDatabase(`bench_${index}`)
  const env = {
    DATABASE_URL: url,
    REDIS_URL: servers.redisUrl,
    CHANNEL_PREFIX: `${index}:`,
    WEBHOOK_TOKENS: 'a-webhook-token',
    PANEL_API_KEYS: KEY,
    JWT_SECRETS: 'a-jwt-secret-for-the-benchmark-1',
  }
  const script = join(folder, 'services/webhook-ingest/src/main.ts')
  const service = services.use(await startService(script, env, { nodeArgs: values['node-arg'] }))
  variants.push({ name: index === 0 ? 'this' : folder, service, url })
}

function post(path: string, key: string, body: object): string {
  const text = JSON.stringify(body)
  const length = text.replaceAll('{n}', '000000000').length
  return [
    `POST ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${KEY}`,
    'content-type: application/json',
    `idempotency-key: ${key}`,
    `content-length: ${length}`,
    '',
    text,
  ].join('\r\n')
}

const run = Date.now().toString(36)
const deposit = (user: string, paymentRef: string): string =>
  post(`/v1/accounts/${user}/deposits`, `${run}-{n}-${paymentRef}`, { amount: '1', currency: 'USD', paymentRef })

/** Requests that wait: sockets that are open until they are disposed. */
async function hold(port: number, requests: readonly string[]): Promise<Disposable> {
  const sockets = await Promise.all(
    requests.map(async (request, index) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined).resume()
      await once(socket, 'connect')
      socket.write(request.replaceAll('{n}', String(index).padStart(9, '0')))
      return socket
    }),
  )
  await sleep(SETTLE_MS)
  return { [Symbol.dispose]: () => sockets.forEach((socket) => socket.destroy()) }
}

/** Locks accounts, so that writes for them do not end. */
async function lockAccounts(url: string, userIds: readonly string[]): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT FROM accounts WHERE user_id = ANY($1) FOR UPDATE', [userIds])
  return { [Symbol.asyncDispose]: () => client.end() }
}

let count = 0
async function measure({ service, url }: Variant, scenario: Scenario): Promise<Record<string, number>> {
  count += 1
  const isRejected = scenario.startsWith('503')
  // All slots are taken, and the queue is full; or the part of one account.
  const waiting =
    scenario === '503, queue'
      ? [...LOCKED_USERS.flatMap((user) => Array<string>(ACTIVE_OF_USER).fill(user)), ...OTHER_USERS]
      : Array<string>(WAITING).fill(LOCKED_USERS[0]!)
  await using held = new AsyncDisposableStack()
  if (isRejected) {
    held.use(await lockAccounts(url, LOCKED_USERS))
    const requests = waiting.map((user) => deposit(user, `hold-${count}-{n}`))
    held.use(await hold(service.port, requests))
  }
  const user = `user-${(count % (USERS - 20)) + 20}`
  const token = post('/v1/tokens', `${run}-${count}-{n}`, { userId: 'user-{n}' })
  const requests: Readonly<Record<Scenario, string>> = {
    '503, queue': deposit(user, 'p-{n}'),
    '503, subject': deposit('user-1', 'p-{n}'),
    deposit: deposit(user, `p-${count}-{n}`),
    'repeated payment': deposit(user, `q-${count}`),
    refund: post(`/v1/orders/order-${(count % USERS) + 1}/actions`, `${run}-${count}-{n}`, {
      action: 'refund',
      amount: '0.00000001',
      note: 'a benchmark',
    }),
    registration: post('/v1/orders', `${run}-${count}-{n}`, {
      orderId: `${run}-${count}-{n}`,
      userId: user,
      service: 'Instagram followers',
      link: 'https://instagram.com/somebody',
      quantity: 1000,
      charge: '2.5',
      currency: 'USD',
    }),
    token,
    'tokens at once': token,
  }
  const before = { node: service.cpuSeconds(), postgres: servers.postgresCpuSeconds() }
  const result = await load.run({
    port: service.port,
    path: '',
    orders: 2,
    canceledBefore: 0,
    connections: isRejected || scenario === 'tokens at once' ? connections : 1,
    durationMs,
    request: requests[scenario],
  })
  const perResponse = (seconds: number): number => Math.round((seconds / result.responses) * 1e6)
  return {
    'node µs': perResponse(service.cpuSeconds() - before.node),
    'postgres µs': perResponse(servers.postgresCpuSeconds() - before.postgres),
    'responses/s': Math.round(result.perSecond),
    'p50 µs': Math.round(result.p50Ms * 1000),
    'other than 2xx': Math.round((result.failed / result.responses) * 100) / 100,
  }
}

for (let round = 0; round <= Number(values.rounds); round += 1) {
  for (const scenario of SCENARIOS) {
    if (values.only.length > 0 && !values.only.includes(scenario)) continue
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
      const figures = await measure(variant, scenario)
      // The first round warms the services up.
      if (round > 0) console.log(JSON.stringify({ scenario, variant: variant.name, ...figures }))
      if (scenario.startsWith('503')) await sleep(DRAIN_MS)
    }
  }
}

/** Chains the recorded calls: its processor time, and the bytes that are kept of each. */
async function measureChaining(url: string): Promise<Record<string, number> | undefined> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  try {
    const { rows } = await pool.query<{ calls: number }>('SELECT count(*)::int AS calls FROM audit_calls')
    const { calls } = rows[0]!
    const before = servers.postgresCpuSeconds()
    await chainAuditCalls(pool)
    const seconds = servers.postgresCpuSeconds() - before
    const { rows: sizes } = await pool.query<Record<string, number>>(`
      SELECT sum(calls)::float8 AS calls, pg_total_relation_size('audit_call_groups') / sum(calls)::float8 AS "bytes of a call",
        (SELECT pg_total_relation_size('audit_call_users')::float8 / nullif(count(*), 0) FROM audit_call_users)
          AS "bytes of a user and day",
        (SELECT avg(pg_column_size(entry))::float8 FROM audit_log AS entry WHERE action = 'chainCalls') AS "bytes of an entry"
      FROM audit_call_groups`)
    return { ...sizes[0]!, 'postgres µs': Math.round((seconds / calls) * 1e6) }
  } finally {
    await pool.end()
  }
}
console.log(JSON.stringify({ scenario: 'chaining', ...(await measureChaining(variants[0]!.url)) }))
