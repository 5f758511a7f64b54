// Runs docker compose as an operator does, from an empty machine to a rolling restart of all services under load. It needs
// a Docker engine and compose, and takes some minutes. It prints figures, and exits with 1 when a refund or an event is lost,
// duplicated or changed.
import { eventually, freePort } from '@paxyo/testkit'
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { startWatchingClient } from '../../../chaos/watching-client.ts'
import { audit } from './audit.ts'
import { hasDumpOfServer, testBackup } from './backup.ts'
import { startPanel, watchInBrowser } from './browser.ts'
import { testDemo } from './demo.ts'
import { checkDashboards, causeRareEvents, startPrometheus } from './observability.ts'
import { startStack, type Stack } from './stack.ts'
import {
  registerOrder,
  registerOrders,
  sendHistories,
  sendSigned,
  WEBHOOKS_PER_ORDER,
  type AcknowledgedWebhook,
} from './workload.ts'

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '12000' },
    clients: { type: 'string', default: '500' },
    users: { type: 'string', default: '100' },
    rate: { type: 'string', default: '200' },
    /** Three PostgreSQL under Patroni, the primary of which is killed. */
    ha: { type: 'boolean', default: false },
  },
})
const [orders, clientCount, users, rate] = [values.orders, values.clients, values.users, values.rate].map(Number) as [
  number,
  number,
  number,
  number,
]
const SETTLE_TIMEOUT_MS = 60_000
const PAUSE_MS = 3_000

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const userOf = (index: number): string => `load-${index % users}`

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  print(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}

/** A change to the installation, with its times by `performance.now()`. */
interface Step {
  readonly what: string
  readonly fromMs: number
  readonly toMs: number
}

/** Replaces or restarts each part of the installation, one after the other. */
async function restartEverything(stack: Stack): Promise<Step[]> {
  const steps: [string, () => Promise<unknown>][] = [
    ['gateways from 2 to 4', () => stack.compose('up', '-d', '--no-build', '--no-recreate', '--scale', 'ws-gateway=4')],
    ['redis restarted', () => stack.compose('restart', 'redis')],
    ['haproxy reloaded', () => stack.compose('kill', '-s', 'USR2', 'haproxy')],
    ['haproxy restarted', () => stack.compose('restart', 'haproxy')],
    values.ha
      ? ['the primary of PostgreSQL killed', () => killPrimary(stack)]
      : ['postgres restarted', () => stack.compose('restart', 'postgres')],
    ['webhook-ingest ×2 rolled out', () => stack.npmRun('rollout', '--', 'webhook-ingest')],
    ['ws-gateway ×4 rolled out', () => stack.npmRun('rollout', '--', 'ws-gateway')],
    ['secrets rotated, both services rolled out, old secrets retired', () => rotateSecrets(stack)],
  ]
  const done: Step[] = []
  for (const [what, step] of steps) {
    await sleep(PAUSE_MS)
    const fromMs = performance.now()
    await timed(what, step)
    done.push({ what, fromMs, toMs: performance.now() })
  }
  return done
}

/** Waits until another one accepts writes, and starts it again. */
async function killPrimary(stack: Stack): Promise<void> {
  const killed = await stack.primary()
  await stack.compose('kill', killed)
  const promoted = await stack.primary()
  await stack.compose('up', '--detach', '--no-build', '--no-deps', killed)
  print(`  ${killed} was the primary, ${promoted} is`)
}

/** New passwords for PostgreSQL and Redis and a new JWT secret, as infra/README.md describes. */
async function rotateSecrets(stack: Stack): Promise<void> {
  const postgresLogins = ['owner', 'ingest', 'gateway'].map((service) => `postgres-${service}-login`)
  const redisPasswords = ['ingest', 'gateway'].map((service) => `redis-${service}-passwords`)
  const applyLogins = ['exec', '-T', await stack.primary(), 'bash', '/etc/paxyo/apply-logins.sh']
  const loadUsers = ['exec', '-T', 'redis', 'sh', '/etc/paxyo/load-users.sh']
  for (const name of [...postgresLogins, ...redisPasswords, 'redis-message-keys', 'jwt-secrets']) {
    await stack.npmRun('secrets', '--', '--rotate', name)
  }
  await stack.compose(...applyLogins)
  await stack.compose(...loadUsers)
  await stack.npmRun('rollout')
  for (const name of redisPasswords) await stack.npmRun('secrets', '--', '--retire', name)
  await stack.compose(...applyLogins, '--retire')
  await stack.compose(...loadUsers)
}

function percentiles(webhooks: readonly AcknowledgedWebhook[]): string {
  const sorted = webhooks.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b)
  const at = (part: number): string => sorted[Math.floor((sorted.length - 1) * part)]?.toFixed(0) ?? '–'
  return `median ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`
}

async function isUp(stack: Stack): Promise<boolean> {
  const wrong = await sendSigned(stack, 'not JSON', 'startup').catch(() => undefined)
  const script = await stack.request('/paxyo.js', {}).catch(() => undefined)
  return wrong?.status === 400 && script?.status === 200
}

await using panel = await startPanel()
const httpsPort = String(await freePort())
let startedAt = performance.now()
const printElapsed = (what: string): void => {
  print(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  startedAt = performance.now()
}
const settings = {
  HTTP_PORT: String(await freePort()),
  HTTPS_PORT: httpsPort,
  DEMO_PROVIDER_PORT: String(await freePort()),
  ALLOWED_ORIGINS: `${panel.origin},https://localhost:${httpsPort}`,
  DRAIN_SECONDS: '3',
  FRONT_SUBNET: '10.213.251.0/24',
}
const stack = await startStack({ settings, isHa: values.ha, onBuilt: () => printElapsed('images built') })
printElapsed('docker compose up')
const violations: string[] = []
try {
  await timed('HAProxy ready', () => eventually(() => isUp(stack), SETTLE_TIMEOUT_MS))
  const plain = await fetch(`${stack.httpUrl}/docs?a=1`, { redirect: 'manual' })
  if (plain.status !== 308 || plain.headers.get('location') !== `${stack.url}/docs?a=1`) {
    violations.push(`plain HTTP got ${plain.status} ${plain.headers.get('location')}`)
  }

  await registerOrder(stack, 'shown', 'browser')
  const shownMs = await watchInBrowser(
    stack,
    panel,
    { userId: 'browser', orderId: 'A-shown', status: 'canceled' },
    async () => {
      await sendSigned(stack, '{"order_id":"shown","status":"Canceled"}', 'shown')
    },
  )
  print(`from a signed webhook to the page in Chromium, over wss: ${shownMs.toFixed(0)} ms`)

  await timed('demo tested', async () => void violations.push(...(await testDemo(stack))))
  await timed('Prometheus started, all targets up', () => startPrometheus(stack))

  await timed(`${orders} orders registered`, () => registerOrders(stack, orders, userOf))
  const access = { secret: stack.secret('jwt-secrets'), socketOptions: { ca: stack.ca } }
  const clients = Array.from({ length: clientCount }, (_, index) =>
    startWatchingClient(userOf(index), () => stack.url, Math.random, access),
  )
  try {
    await timed(`${clientCount} WebSocket clients connected`, () =>
      eventually(() => clients.every(({ firstSeq }) => firstSeq >= 0), SETTLE_TIMEOUT_MS),
    )
    const sending = sendHistories(stack, orders, rate)
    const steps = await restartEverything(stack)
    const { webhooks, retries, seconds } = await sending
    print(
      `${webhooks.length} of ${orders * WEBHOOKS_PER_ORDER} webhooks acknowledged in ${seconds.toFixed(0)} s, ${retries} retries`,
    )
    print(`latency in ms: ${percentiles(webhooks)}`)
    const isQuiet = ({ dueMs }: AcknowledgedWebhook): boolean =>
      steps.every(({ fromMs, toMs }) => dueMs < fromMs - PAUSE_MS || dueMs > toMs + PAUSE_MS)
    print(`  before and after the restarts: ${percentiles(webhooks.filter((webhook) => isQuiet(webhook)))}`)
    for (const { what, fromMs, toMs } of steps) {
      print(`  ${what}: ${percentiles(webhooks.filter(({ dueMs }) => dueMs >= fromMs && dueMs <= toMs + PAUSE_MS))}`)
    }

    const lastSeqs = new Map(
      (await stack.query(`SELECT user_id, last_seq FROM accounts`)).map(([user, seq]) => [user, Number(seq)]),
    )
    await eventually(
      () => clients.every(({ userId, lastSeq }) => lastSeq === lastSeqs.get(userId)),
      SETTLE_TIMEOUT_MS,
    ).catch(() => undefined)
    const received = clients.reduce((sum, client) => sum + client.received.length, 0)
    const connects = clients.reduce((sum, client) => sum + client.connects, 0)
    print(`${received} events received by ${clientCount} clients over ${connects} connections`)
    violations.push(...(await audit(stack, orders, clients)))
    if (await hasDumpOfServer(stack)) {
      await timed('backup and restore', async () => void violations.push(...(await testBackup(stack))))
    } else print('backup and restore: skipped, because the pg_dump of the image is older than its server')
    await eventually(() => isUp(stack), SETTLE_TIMEOUT_MS)
    for (const command of [['doctor'], ['audit', '--parked-age', '365d'], ['refunds', 'list'], ['keys', 'list']]) {
      const run = stack.compose('run', '--rm', '-T', 'paxyo', ...command)
      await timed(`paxyo ${command[0]}`, () => run).catch((error: Error) => void violations.push(error.message))
    }
    await causeRareEvents(stack, 'shown')
    await timed('dashboards checked', async () => void violations.push(...(await checkDashboards(stack))))
  } finally {
    for (const client of clients) client.stop()
  }
} catch (error) {
  print(await stack.compose('logs', '--no-color', '--tail', '40'))
  throw error
} finally {
  await timed('docker compose down', async () => stack[Symbol.asyncDispose]())
}
print(violations.length === 0 ? 'Nothing lost, duplicated or changed.' : violations.slice(0, 20).join('\n'))
process.exit(violations.length === 0 ? 0 : 1)
