// docker compose as an operator runs it, from nothing to a rolling restart of everything under load. Needs a Docker
// engine and compose; takes some minutes. Prints figures, and ends with 1 when anything was lost, doubled or changed.
import { eventually, freePort } from '@paxyo/testkit'
import { parseArgs } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { follow } from '../../../chaos/watching-client.ts'
import { audit } from './audit.ts'
import { hasDumpOfServer, tryBackup } from './backup.ts'
import { startPanel, watchInBrowser } from './browser.ts'
import { tryDemo } from './demo.ts'
import { checkDashboards, doRareThings, startPrometheus } from './observability.ts'
import { startStack, type Stack } from './stack.ts'
import {
  registerOrder,
  registerOrders,
  sendHistories,
  sendSigned,
  WEBHOOKS_PER_ORDER,
  type TakenWebhook,
} from './workload.ts'

const { values } = parseArgs({
  options: {
    orders: { type: 'string', default: '12000' },
    clients: { type: 'string', default: '500' },
    users: { type: 'string', default: '100' },
    rate: { type: 'string', default: '200' },
  },
})
const [orders, clients, users, rate] = [values.orders, values.clients, values.users, values.rate].map(Number) as [
  number,
  number,
  number,
  number,
]
const SETTLE_TIMEOUT_MS = 60_000
const PAUSE_MS = 3_000

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const userOf = (index: number): string => `load-${index % users}`

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  say(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  return result
}

/** When something was done to the installation, by `performance.now()`. */
interface Step {
  readonly what: string
  readonly fromMs: number
  readonly toMs: number
}

/** Everything is replaced or restarted, one part after the other, as an operator would. */
async function restartEverything(stack: Stack): Promise<Step[]> {
  const steps: [string, () => Promise<unknown>][] = [
    ['gateways from 2 to 4', () => stack.compose('up', '-d', '--no-build', '--no-recreate', '--scale', 'ws-gateway=4')],
    ['redis restarted', () => stack.compose('restart', 'redis')],
    ['haproxy reloaded', () => stack.compose('kill', '-s', 'USR2', 'haproxy')],
    ['haproxy restarted', () => stack.compose('restart', 'haproxy')],
    ['postgres restarted', () => stack.compose('restart', 'postgres')],
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

/** New passwords for PostgreSQL and Redis and another JWT secret, as infra/README.md says. */
async function rotateSecrets(stack: Stack): Promise<void> {
  const postgresLogins = ['owner', 'ingest', 'gateway'].map((service) => `postgres-${service}-login`)
  const redisPasswords = ['ingest', 'gateway'].map((service) => `redis-${service}-passwords`)
  const applyLogins = ['exec', '-T', 'postgres', 'bash', '/etc/paxyo/apply-logins.sh']
  const loadUsers = ['exec', '-T', 'redis', 'sh', '/etc/paxyo/load-users.sh']
  for (const name of [...postgresLogins, ...redisPasswords, 'jwt-secrets']) {
    await stack.npmRun('secrets', '--', '--rotate', name)
  }
  await stack.compose(...applyLogins)
  await stack.compose(...loadUsers)
  await stack.npmRun('rollout')
  for (const name of redisPasswords) await stack.npmRun('secrets', '--', '--retire', name)
  await stack.compose(...applyLogins, '--retire')
  await stack.compose(...loadUsers)
}

function percentiles(webhooks: readonly TakenWebhook[]): string {
  const sorted = webhooks.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b)
  const at = (part: number): string => sorted[Math.floor((sorted.length - 1) * part)]?.toFixed(0) ?? '–'
  return `median ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`
}

async function isUp(stack: Stack): Promise<boolean> {
  const wrong = await sendSigned(stack, 'not JSON', 'probe').catch(() => undefined)
  const script = await stack.request('/paxyo.js', {}).catch(() => undefined)
  return wrong?.status === 400 && script?.status === 200
}

await using panel = await startPanel()
const httpsPort = String(await freePort())
let startedAt = performance.now()
const sayElapsed = (what: string): void => {
  say(`${what}: ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
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
const stack = await startStack(settings, () => sayElapsed('images built'))
sayElapsed('docker compose up')
const violations: string[] = []
try {
  await timed('until HAProxy passes requests on', () => eventually(() => isUp(stack), SETTLE_TIMEOUT_MS))
  const plain = await fetch(`${stack.httpUrl}/docs?a=1`, { redirect: 'manual' })
  if (plain.status !== 308 || plain.headers.get('location') !== `${stack.url}/docs?a=1`) {
    violations.push(`plain HTTP was answered with ${plain.status} ${plain.headers.get('location')}`)
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
  say(`from a signed webhook to the page in Chromium, over wss: ${shownMs.toFixed(0)} ms`)

  await timed('the demo tried', async () => void violations.push(...(await tryDemo(stack))))
  await timed('Prometheus started, all targets up', () => startPrometheus(stack))

  await timed(`${orders} orders registered`, () => registerOrders(stack, orders, userOf))
  const access = { secret: stack.secret('jwt-secrets'), socketOptions: { ca: stack.ca } }
  const followers = Array.from({ length: clients }, (_, index) =>
    follow(userOf(index), () => stack.url, Math.random, access),
  )
  try {
    await timed(`${clients} WebSocket clients connected`, () =>
      eventually(() => followers.every(({ firstSeq }) => firstSeq >= 0), SETTLE_TIMEOUT_MS),
    )
    const sending = sendHistories(stack, orders, rate)
    const steps = await restartEverything(stack)
    const { webhooks, retries, seconds } = await sending
    say(
      `${webhooks.length} of ${orders * WEBHOOKS_PER_ORDER} webhooks taken in ${seconds.toFixed(0)} s, ${retries} retries`,
    )
    say(`their latency in ms: ${percentiles(webhooks)}`)
    const isQuiet = ({ dueMs }: TakenWebhook): boolean =>
      steps.every(({ fromMs, toMs }) => dueMs < fromMs - PAUSE_MS || dueMs > toMs + PAUSE_MS)
    say(`  before and after all that: ${percentiles(webhooks.filter((webhook) => isQuiet(webhook)))}`)
    for (const { what, fromMs, toMs } of steps) {
      say(`  ${what}: ${percentiles(webhooks.filter(({ dueMs }) => dueMs >= fromMs && dueMs <= toMs + PAUSE_MS))}`)
    }

    const lastSeqs = new Map(
      (await stack.query(`SELECT user_id, last_seq FROM accounts`)).map(([user, seq]) => [user, Number(seq)]),
    )
    await eventually(
      () => followers.every(({ userId, lastSeq }) => lastSeq === lastSeqs.get(userId)),
      SETTLE_TIMEOUT_MS,
    ).catch(() => undefined)
    const received = followers.reduce((sum, follower) => sum + follower.received.length, 0)
    const connects = followers.reduce((sum, follower) => sum + follower.connects, 0)
    say(`${received} events received by ${clients} clients over ${connects} connections`)
    violations.push(...(await audit(stack, orders, followers)))
    if (await hasDumpOfServer(stack)) {
      await timed('backup and restore', async () => void violations.push(...(await tryBackup(stack))))
    } else say('backup and restore: not tried, the image has a pg_dump that is older than its server')
    await eventually(() => isUp(stack), SETTLE_TIMEOUT_MS)
    for (const command of [['doctor'], ['audit', '--parked-age', '365d'], ['refunds', 'list'], ['keys', 'list']]) {
      const run = stack.compose('run', '--rm', '-T', 'paxyo', ...command)
      await timed(`paxyo ${command[0]}`, () => run).catch((error: Error) => void violations.push(error.message))
    }
    await doRareThings(stack, 'shown')
    await timed('dashboards asked', async () => void violations.push(...(await checkDashboards(stack))))
  } finally {
    for (const follower of followers) follower.stop()
  }
} catch (error) {
  say(await stack.compose('logs', '--no-color', '--tail', '40'))
  throw error
} finally {
  await timed('taken down', async () => stack[Symbol.asyncDispose]())
}
say(violations.length === 0 ? 'Nothing lost, nothing doubled, nothing changed.' : violations.slice(0, 20).join('\n'))
process.exit(violations.length === 0 ? 0 : 1)
