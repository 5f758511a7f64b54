import { eventually, ledgerViolations } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { PANEL_KEY, startCluster, WEBHOOK_TOKEN, type Cluster, type Member } from './cluster.ts'
import { FAULTS } from './faults.ts'
import { startWatchingClient, type WatchingClient } from './watching-client.ts'
import { createRandom, type Random } from './random.ts'
import { planOrder, type PlannedOrder } from './workload.ts'

export interface ChaosOptions {
  /** Replays the workload and the choice of faults; their moments depend on the machine. */
  readonly seed: number
  readonly orders: number
  readonly users: number
  /** How many orders are in progress at the same time. */
  readonly concurrency: number
  /** The longest pause between two faults. */
  readonly pauseMsMax: number
  /** Starts no new orders after this time. */
  readonly durationMsMax: number
  /** Only these faults; default all. */
  readonly only?: readonly string[]
  readonly log: (line: string) => void
}

export interface ChaosReport {
  readonly seed: number
  readonly durationMs: number
  readonly ordersFinished: number
  readonly requestsAccepted: number
  readonly requestsRetried: number
  readonly faults: Readonly<Record<string, number>>
  readonly eventsChecked: number
  readonly reconnects: number
  readonly snapshotsAfterFirst: number
  /** From the end of the last fault until the last client had received all events. */
  readonly catchUpMs: number
  /** All violations of the guarantees. */
  readonly violations: readonly string[]
}

const REQUEST_TIMEOUT_MS = 12_000
const RETRY_DELAY_MS = 100
const RACING_MAX = 3
const RACE_MS_MAX = 30
const CATCH_UP_TIMEOUT_MS = 90_000

/**
 * Runs a random workload against a whole cluster while its parts are killed, paused and disconnected, then compares the
 * database and the events of every client with the result that the workload must have.
 */
export async function injectFaults(options: ChaosOptions): Promise<ChaosReport> {
  const random = createRandom(options.seed)
  await using cluster = await startCluster()
  const startedAt = performance.now()
  const users = Array.from({ length: options.users }, (_, index) => `user-${index}`)
  const planning = random.fork()
  const plan = Array.from({ length: options.orders }, (_, index) => planOrder(planning, index, planning.pick(users)))

  const gatewayChoice = random.fork()
  const clients = users.map((userId) =>
    startWatchingClient(
      userId,
      () => addressOf(cluster.gateways, gatewayChoice),
      () => gatewayChoice.next(),
    ),
  )
  const sender = createSender(cluster, random.fork())
  const finished: PlannedOrder[] = []
  const faults: Record<string, number> = {}
  try {
    const work = deliverAll(plan, options, sender, random.fork(), finished)
    await injectUntil(work, cluster, random.fork(), options, faults)
    await work

    const faultsEndedAt = performance.now()
    const violations = [...(await catchUp(cluster, clients)), ...(await audit(cluster, finished, clients))]
    const now = performance.now()
    return {
      seed: options.seed,
      durationMs: Math.round(now - startedAt),
      ordersFinished: finished.length,
      requestsAccepted: sender.accepted,
      requestsRetried: sender.retried,
      faults,
      eventsChecked: clients.reduce((sum, { received }) => sum + received.length, 0),
      reconnects: clients.reduce((sum, { connects }) => sum + connects - 1, 0),
      snapshotsAfterFirst: clients.reduce((sum, { snapshots }) => sum + snapshots, 0),
      catchUpMs: Math.round(now - faultsEndedAt),
      violations,
    }
  } finally {
    for (const client of clients) client.stop()
  }
}

/** The address of a random member, or an address without a server while that member is down. */
function addressOf(members: readonly Member[], random: Random): string {
  return random.pick(members).service?.url ?? 'http://127.0.0.1:9'
}

interface Sender {
  accepted: number
  retried: number
  /** Retries until it succeeds, as a panel or a provider does. */
  send(path: string, body: unknown): Promise<void>
}

function createSender(cluster: Cluster, random: Random): Sender {
  const sender: Sender = {
    accepted: 0,
    retried: 0,
    async send(path, body) {
      for (;;) {
        try {
          const response = await fetch(`${addressOf(cluster.ingests, random)}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', authorization: `Bearer ${PANEL_KEY}` },
            body: JSON.stringify(body),
            signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
          })
          const text = await response.text()
          if (response.ok) {
            sender.accepted += 1
            return
          }
          // 503 asks for a retry; every other error is a bug.
          if (response.status !== 503) throw new Error(`rejected with ${response.status}: ${text}`)
        } catch (error) {
          if ((error as Error).message.startsWith('rejected')) throw error
        }
        sender.retried += 1
        await sleep(RETRY_DELAY_MS)
      }
    },
  }
  return sender
}

/** Delivers the planned orders, several at the same time. */
async function deliverAll(
  plan: readonly PlannedOrder[],
  { concurrency, durationMsMax }: ChaosOptions,
  sender: Sender,
  random: Random,
  finished: PlannedOrder[],
): Promise<void> {
  const deadline = performance.now() + durationMsMax
  const queue = plan.values()
  const worker = async (): Promise<void> => {
    for (const order of queue) {
      if (performance.now() > deadline) return
      await deliver(order, sender, random.fork())
      finished.push(order)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/**
 * Sends an order's updates, up to three at the same time and to different processes, so that they arrive in any order:
 * the expected result does not depend on it.
 */
async function deliver(order: PlannedOrder, sender: Sender, random: Random): Promise<void> {
  const { orderId, providerOrderId, userId, quantity, charge } = order
  const details = { service: 'Followers', link: 'https://example.com', currency: 'USD' }
  const registration = sender.send('/v1/orders', { orderId, providerOrderId, userId, quantity, charge, ...details })
  // Every other order is registered while its webhooks are already arriving.
  if (Number(providerOrderId) % 2 === 0) await registration
  for (let index = 0, count = 0; index < order.updates.length; index += count) {
    count = 1 + random.below(RACING_MAX)
    await Promise.all(
      order.updates.slice(index, index + count).map(async ({ status, remains }) => {
        await sleep(random.below(RACE_MS_MAX))
        await sender.send(`/webhooks/godofpanel/${WEBHOOK_TOKEN}`, { order_id: providerOrderId, status, remains })
      }),
    )
  }
  await registration
}

/** Injects one fault after another until the work is done. */
async function injectUntil(
  work: Promise<void>,
  cluster: Cluster,
  random: Random,
  { pauseMsMax, log, only = Object.keys(FAULTS) }: ChaosOptions,
  counts: Record<string, number>,
): Promise<void> {
  const done = work.then(
    () => true,
    () => true,
  )
  // Each fault occurs once before any repeats, so that even a short run on a slow machine has many kinds.
  let left: string[] = []
  for (;;) {
    const isDone = await Promise.race([done, sleep(random.below(pauseMsMax), false)])
    if (isDone) return
    if (left.length === 0) left = [...only]
    const [name] = left.splice(random.below(left.length), 1) as [string]
    log(`fault: ${name}`)
    await FAULTS[name]!(cluster, random)
    counts[name] = (counts[name] ?? 0) + 1
  }
}

/** Waits until every client has received its stream's last event. */
async function catchUp(cluster: Cluster, clients: readonly WatchingClient[]): Promise<string[]> {
  const heads = new Map<string, number>()
  const isComplete = async (): Promise<boolean> => {
    await query(cluster, 'SELECT user_id, last_seq::int FROM accounts', (row) =>
      heads.set(row['user_id'] as string, row['last_seq'] as number),
    )
    return clients.every(({ userId, lastSeq }) => lastSeq === (heads.get(userId) ?? 0))
  }
  try {
    await eventually(isComplete, CATCH_UP_TIMEOUT_MS)
    return []
  } catch {
    return clients
      .filter(({ userId, lastSeq }) => lastSeq !== (heads.get(userId) ?? 0))
      .map(({ userId, lastSeq }) => `${userId} is at ${lastSeq} of ${heads.get(userId)}`)
  }
}

async function audit(
  cluster: Cluster,
  finished: readonly PlannedOrder[],
  clients: readonly WatchingClient[],
): Promise<string[]> {
  const violations = await auditLedgerOf(cluster)

  const orders = new Map<string, string>()
  await query(cluster, 'SELECT order_id, status, trim_scale(refunded)::text AS refunded FROM orders', (row) =>
    orders.set(row['order_id'] as string, `${String(row['status'])}, refunded ${String(row['refunded'])}`),
  )
  for (const { orderId, expected } of finished) {
    const must = `${expected.status}, refunded ${expected.refunded}`
    if (orders.get(orderId) !== must) violations.push(`${orderId} is ${orders.get(orderId)}, must be ${must}`)
  }

  const committed = new Map<string, string>()
  await query(cluster, 'SELECT user_id, seq, payload FROM events', (row) =>
    committed.set(`${String(row['user_id'])} ${String(row['seq'])}`, row['payload'] as string),
  )
  for (const client of clients) violations.push(...auditClient(client, committed))
  return violations
}

/** Every client must have received exactly the events after its first position, in order, byte for byte. */
function auditClient({ userId, firstSeq, received }: WatchingClient, committed: ReadonlyMap<string, string>): string[] {
  const violations: string[] = []
  received.forEach(({ seq, bytes }, index) => {
    if (seq !== firstSeq + 1 + index) violations.push(`${userId} received ${seq} instead of ${firstSeq + 1 + index}`)
    if (bytes !== committed.get(`${userId} ${seq}`)) violations.push(`${userId} received other bytes as ${seq}`)
  })
  return violations.slice(0, 3)
}

/** Checks the ledger's invariants. The expected refunds come from the workload, independently of the ledger. */
async function auditLedgerOf(cluster: Cluster): Promise<string[]> {
  const owner = new pg.Pool({ connectionString: cluster.postgresUrl(), max: 1 })
  try {
    const found = await ledgerViolations(owner)
    return Object.entries(found).map(([check, subjects]) => `${check}: ${subjects.join(', ')}`)
  } finally {
    await owner.end()
  }
}

async function query(cluster: Cluster, sql: string, each: (row: Record<string, unknown>) => void): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.postgresUrl() })
  await client.connect()
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql)
    rows.forEach((row) => each(row))
  } finally {
    await client.end()
  }
}
