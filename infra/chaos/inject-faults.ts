import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { audit, query } from './audit.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { addressOf, createSender, deliverAll } from './deliver.ts'
import { FAULTS } from './faults.ts'
import { CHAOS_PROVIDERS } from './providers.ts'
import { createRandom, type Random } from './random.ts'
import { startWatchingClient, type WatchingClient } from './watching-client.ts'
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
  readonly providers: number
  /** Mistakes of providers, by what they must lead to: `rejected`, `review`, `ignored` or nothing at all. */
  readonly mistakes: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  readonly eventsChecked: number
  readonly reconnects: number
  readonly snapshotsAfterFirst: number
  /** From the end of the last fault until the last client had received all events. */
  readonly catchUpMs: number
  /** All violations of the guarantees. */
  readonly violations: readonly string[]
}

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
      providers: CHAOS_PROVIDERS.length,
      mistakes: countMistakes(finished),
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

function countMistakes(finished: readonly PlannedOrder[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { mistake } of finished.flatMap(({ webhooks }) => webhooks)) {
    if (mistake !== undefined) counts[mistake.leads] = (counts[mistake.leads] ?? 0) + 1
  }
  return counts
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
