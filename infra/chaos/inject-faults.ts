import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { audit, query } from './audit.ts'
import type { Cluster } from './cluster.ts'
import { addressOf, createSender, deliverAll, type Sender } from './deliver.ts'
import { FAULTS, type Fault } from './faults.ts'
import { CHAOS_PROVIDERS } from './providers.ts'
import { createRandom, type Random } from './random.ts'
import { startCluster, type SingleCluster } from './single-cluster.ts'
import { startWatchingClient, type WatchingClient } from './watching-client.ts'
import { planOrder, type PlannedOrder } from './workload.ts'

/** An installation, and what can happen to it. */
export interface ChaosSystem<C extends Cluster> {
  readonly start: () => Promise<C>
  readonly groups: readonly FaultGroup<C>[]
}

/** Faults that come one after the other. Those of different groups overlap. */
export interface FaultGroup<C extends Cluster> {
  readonly faults: Readonly<Record<string, Fault<C>>>
  /** They come in their order, again and again, instead of in a random one. */
  readonly isSequence?: boolean
  /** Waits until the system has recovered from a fault, so that the group's next one finds all of its parts. */
  readonly recovered?: (cluster: C) => Promise<void>
  /** What an operator does when it has not recovered: a violation, after which the group goes on. */
  readonly repair?: (cluster: C) => Promise<void>
}

/** One of each server. Its faults may overlap with the recovery from the one before. */
export const SINGLE_SYSTEM: ChaosSystem<SingleCluster> = { start: () => startCluster(), groups: [{ faults: FAULTS }] }

export interface ChaosOptions {
  /** Replays the workload and the choice of faults; their moments depend on the machine. */
  readonly seed: number
  readonly orders: number
  readonly users: number
  /** How many orders are in progress at the same time. */
  readonly concurrency: number
  /** The longest pause between two faults. */
  readonly pauseMsMax: number
  /** Starts no new orders after this time, or after so many accepted webhooks or injected faults. */
  readonly durationMsMax: number
  readonly webhooksMax?: number
  readonly faultsMax?: number
  /** New orders in each second; without it, an order starts when another one has ended. */
  readonly ordersPerSecond?: number
  /** Only these faults; default all. */
  readonly only?: readonly string[]
  /** Starts no new orders after it is aborted. */
  readonly signal?: AbortSignal
  readonly log: (line: string) => void
}

export interface ChaosReport {
  readonly seed: number
  readonly durationMs: number
  readonly ordersFinished: number
  readonly webhooksAccepted: number
  readonly requestsAccepted: number
  readonly requestsRetried: number
  readonly providers: number
  /** Mistakes of providers, by what they must lead to: `rejected`, `review`, `ignored` or nothing at all. */
  readonly mistakes: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, FaultReport>>
  /** The longest time in which no webhook was acknowledged with 200. */
  readonly longestGapMs: number
  readonly eventsChecked: number
  readonly reconnects: number
  readonly snapshotsAfterFirst: number
  /** From the end of the last fault until the last client had received all events. */
  readonly catchUpMs: number
  /** All violations of the guarantees. */
  readonly violations: readonly string[]
}

export interface FaultReport {
  readonly count: number
  /** The longest time without a 200 from the fault until the system had recovered. */
  readonly longestGapMs: number
}

const CATCH_UP_TIMEOUT_MS = 90_000

/**
 * Runs a random workload against a whole cluster while its parts are killed, paused and disconnected, then compares the
 * database and the events of every client with the result that the workload must have.
 */
export async function injectFaults<C extends Cluster>(
  system: ChaosSystem<C>,
  options: ChaosOptions,
): Promise<ChaosReport> {
  const random = createRandom(options.seed)
  await using cluster = await system.start()
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
  const stopping = new AbortController()
  const signal = AbortSignal.any([stopping.signal, options.signal ?? stopping.signal])
  try {
    const work = deliverAll(plan, { ...options, signal }, sender, random.fork(), finished).finally(() =>
      sender.finish(),
    )
    const { faults, notRecovered } = await injectUntil(work, system, cluster, sender, random.fork(), options)
    stopping.abort()
    const failures = [...(await work), ...notRecovered]

    const faultsEndedAt = performance.now()
    const violations = [
      ...failures,
      ...cluster.failedStarts,
      ...(await catchUp(cluster, clients)),
      ...(await audit(cluster, finished, clients)),
    ]
    const now = performance.now()
    return {
      seed: options.seed,
      durationMs: Math.round(now - startedAt),
      ordersFinished: finished.length,
      webhooksAccepted: sender.webhooks,
      requestsAccepted: sender.accepted,
      requestsRetried: sender.retried,
      providers: CHAOS_PROVIDERS.length,
      mistakes: countMistakes(finished),
      faults,
      longestGapMs: Math.round(sender.longestGapMs()),
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

const failureOf = async (work: Promise<void> | undefined): Promise<string | undefined> =>
  work?.then(
    () => undefined,
    (error: Error) => error.message,
  )

/**
 * Injects the faults of all groups until the work is done, or all faults are. A group ends when the system does not recover and cannot
 * be repaired: its next fault could be more than it must survive.
 */
async function injectUntil<C extends Cluster>(
  work: Promise<unknown>,
  { groups }: ChaosSystem<C>,
  cluster: C,
  sender: Sender,
  random: Random,
  { pauseMsMax, log, only, faultsMax = Infinity }: ChaosOptions,
): Promise<{ faults: Record<string, FaultReport>; notRecovered: string[] }> {
  const done = work.then(
    () => true,
    () => true,
  )
  const reports: Record<string, FaultReport> = {}
  const notRecovered: string[] = []
  let injected = 0
  const injectGroup = async (
    { faults, isSequence, recovered, repair }: FaultGroup<C>,
    choice: Random,
  ): Promise<void> => {
    const names = Object.keys(faults).filter((name) => only?.includes(name) ?? true)
    // Each fault occurs once before any repeats, so that even a short run on a slow machine has many kinds.
    let left: string[] = []
    while (names.length > 0 && injected < faultsMax) {
      injected += 1
      const isDone = await Promise.race([done, sleep(choice.below(pauseMsMax), false)])
      if (isDone) break
      if (left.length === 0) left = [...names]
      const [name] = left.splice(isSequence ? 0 : choice.below(left.length), 1) as [string]
      log(`fault: ${name}`)
      const since = performance.now()
      await faults[name]!(cluster, choice)
      const failure = await failureOf(recovered?.(cluster))
      if (failure !== undefined) {
        log(`not recovered: ${name}: ${failure}`)
        notRecovered.push(`not recovered after "${name}": ${failure.split('\n')[0]}`)
        if (repair === undefined || (await failureOf(repair(cluster))) !== undefined) break
        log(`repaired: ${name}`)
      }
      const gapMs = Math.round(sender.longestGapMs(since))
      log(`recovered: ${name}, longest time without a 200: ${gapMs} ms`)
      const { count, longestGapMs } = reports[name] ?? { count: 0, longestGapMs: 0 }
      reports[name] = { count: count + 1, longestGapMs: Math.max(longestGapMs, gapMs) }
    }
  }
  await Promise.all(groups.map((group) => injectGroup(group, random.fork())))
  return { faults: reports, notRecovered }
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
