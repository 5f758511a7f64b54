import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { query } from '../chaos/audit.ts'
import { startCluster, type SingleCluster } from '../chaos/single-cluster.ts'
import { createSender, type Sender } from '../chaos/deliver.ts'
import { createRandom, type Random } from '../chaos/random.ts'
import { planOrder } from '../chaos/workload.ts'
import { createCoreWaits, type CoreWaits } from './core-waits.ts'
import { launchEngine, type EngineName } from './engines.ts'
import { PAGE_FAULTS, SERVER_FAULTS, type Soaked, type SoakFault } from './faults.ts'
import { arrivalDelays, findDisorder, findLies, type Entry } from './judge.ts'
import { startSoakPanel, type SoakPage } from './soak-page.ts'

export interface SoakOptions {
  /** Replays the workload and the choice of faults; their moments depend on the machine. */
  readonly seed: number
  readonly durationMs: number
  readonly engines: readonly EngineName[]
  /** The mean time between two webhooks. */
  readonly webhookIntervalMs: number
  /** The longest pause between two faults of the same kind. */
  readonly pauseMsMax: number
  readonly log: (line: string) => void
}

export interface PageReport {
  readonly page: string
  /** Where it was at the end, in the database and in the page. */
  readonly events: number
  readonly orders: number
  readonly connects: number
  /** The times that it did not run, because it was asleep or had no core. */
  readonly gaps: number
  readonly longestGapMs: number
  readonly liveShare: number
  /** From a commit to its event in the page, while it was live and running. */
  readonly delayMs: { readonly median: number; readonly p99: number; readonly max: number }
}

export interface SoakReport {
  readonly seed: number
  readonly startedAt: string
  readonly minutes: number
  readonly faults: Readonly<Record<string, number>>
  readonly tokens: { readonly minted: number; readonly failed: number }
  readonly webhooks: number
  readonly pages: readonly PageReport[]
  /** Lateness that is no longer than the time in which the services had no core: the machine was too busy. */
  readonly excused: readonly string[]
  readonly violations: readonly string[]
}

const COLLECT_INTERVAL_MS = 2_000
const CORE_WAITS_INTERVAL_MS = 200
const CATCH_UP_TIMEOUT_MS = 120_000
const ORDERS_AT_A_TIME = 6
/** Two pages in each browser: one on a WebSocket, and one on a stream. */
const TRANSPORTS = ['websocket', 'stream'] as const

/** Browsers, networks, tokens, Redis and gateways fail for a time; then every page must show what the database has. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, durationMs, log } = options
  const random = createRandom(seed)
  await using cleanups = new AsyncDisposableStack()
  // The moment of each commit.
  const cluster = cleanups.use(await startCluster({ settings: { track_commit_timestamp: 'on' } }))
  const gatewayChoice = random.fork()
  const panel = cleanups.use(await startSoakPanel(() => gatewayPort(cluster, gatewayChoice)))
  const engines = []
  for (const name of options.engines) engines.push(cleanups.use(await launchEngine(name)))
  const pages: SoakPage[] = []
  for (const engine of engines) {
    for (const transport of TRANSPORTS) {
      pages.push(cleanups.use(await panel.open(engine, `${engine.name}-${transport}`, transport)))
    }
  }
  await eventually(async () => (await Promise.all(pages.map(stateOf))).every(({ status }) => status === 'live'))
  log('all pages are live')

  const startedAt = Date.now()
  const untilMs = startedAt + durationMs
  const waits = createCoreWaits()
  const faults: Record<string, number> = {}
  const soaked: Soaked = { cluster, panel, engines, pages }
  const sender = createSender(cluster, random.fork())
  const stopped = new AbortController()
  const watching = [
    repeat(CORE_WAITS_INTERVAL_MS, stopped.signal, async () => waits.sample(pidsOf(cluster))),
    repeat(COLLECT_INTERVAL_MS, stopped.signal, async () => {
      for (const page of pages) await page.collect()
    }),
  ]
  await Promise.all([
    work(pages, sender, random.fork(), untilMs, options.webhookIntervalMs),
    inject(PAGE_FAULTS, soaked, random.fork(), untilMs, options, faults),
    inject(SERVER_FAULTS, soaked, random.fork(), untilMs, options, faults),
  ])
  log('no more faults, waiting for the pages')
  const differences = await catchUp(cluster, pages)
  stopped.abort()
  await Promise.all(watching)
  for (const page of pages) await page.collect()

  const judged = await judge(cluster, pages, waits)
  const { minted, failed } = panel.tokens
  return {
    seed,
    startedAt: new Date(startedAt).toISOString(),
    minutes: Math.round((Date.now() - startedAt) / 60_000),
    faults,
    tokens: { minted, failed },
    webhooks: sender.accepted,
    ...judged,
    violations: [...differences, ...judged.violations],
  }
}

const stateOf = ({ browserPage }: SoakPage): Promise<{ status: string; seq: number; visibility: string }> =>
  browserPage.evaluate('soak.state()')

function gatewayPort({ gateways }: SingleCluster, random: Random): number {
  const alive = gateways.flatMap(({ service }) => (service === undefined ? [] : Number(new URL(service.url).port)))
  return alive.length === 0 ? 9 : random.pick(alive)
}

/** On a page's way from a commit: the services, Redis, and this process, which is the pages' network. */
const pidsOf = ({ gateways, ingests, redis }: SingleCluster): number[] => [
  process.pid,
  redis.process.pid!,
  ...[...gateways, ...ingests].flatMap(({ service }) => service?.child.pid ?? []),
]

async function repeat(intervalMs: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await act()
    await sleep(intervalMs)
  }
}

/** Registers orders and sends their webhooks, one at a time, until the time is over. */
async function work(pages: readonly SoakPage[], sender: Sender, random: Random, untilMs: number, intervalMs: number) {
  let count = 0
  const worker = async (): Promise<void> => {
    while (Date.now() < untilMs) {
      const order = planOrder(random, count++, random.pick(pages).userId)
      await sender.register(order)
      for (const webhook of order.webhooks) {
        await sleep(2 * random.next() * intervalMs * ORDERS_AT_A_TIME)
        if (Date.now() >= untilMs) return
        await sender.webhook(order.provider, webhook)
      }
    }
  }
  await Promise.all(Array.from({ length: ORDERS_AT_A_TIME }, worker))
}

async function inject(
  kinds: Readonly<Record<string, SoakFault>>,
  soaked: Soaked,
  random: Random,
  untilMs: number,
  { pauseMsMax, log }: SoakOptions,
  counts: Record<string, number>,
): Promise<void> {
  // Each occurs once before any repeats.
  let left: string[] = []
  for (;;) {
    await sleep(1_000 + random.below(pauseMsMax))
    if (Date.now() >= untilMs) return
    if (left.length === 0) left = Object.keys(kinds)
    const [name] = left.splice(random.below(left.length), 1) as [string]
    log(`fault: ${name}`)
    await kinds[name]!(soaked, random)
    counts[name] = (counts[name] ?? 0) + 1
  }
}

/** Waits until every page is live and shows what the database has. @returns the differences that remain. */
async function catchUp(cluster: SingleCluster, pages: readonly SoakPage[]): Promise<string[]> {
  let differences: string[] = []
  try {
    await eventually(async () => {
      differences = []
      for (const page of pages) differences.push(...(await differencesOf(cluster, page)))
      return differences.length === 0
    }, CATCH_UP_TIMEOUT_MS)
  } catch (error) {
    if (differences.length === 0) throw error
  }
  return differences
}

async function differencesOf(cluster: SingleCluster, page: SoakPage): Promise<string[]> {
  const { name, userId, browserPage } = page
  let head = 0
  await query(cluster, `SELECT last_seq::int FROM accounts WHERE user_id = '${userId}'`, (row) => {
    head = row['last_seq'] as number
  })
  const { status, seq } = await stateOf(page)
  if (status !== 'live') return [`${name} is ${status} at the end`]
  if (seq !== head) return [`${name} is at ${seq} of ${head}`]
  const committed = new Set<string>()
  await query(
    cluster,
    `SELECT order_id, status, trim_scale(refunded)::text AS refunded FROM orders WHERE user_id = '${userId}'`,
    (row) => committed.add(`${row['order_id'] as string} ${row['status'] as string} ${row['refunded'] as string}`),
  )
  const shown = await browserPage.evaluate<string[]>('soak.orders()')
  const wrong = shown.filter((order) => !committed.has(order)).map((order) => `${name} shows ${order}`)
  return shown.length === committed.size
    ? wrong
    : [...wrong, `${name} shows ${shown.length} of ${committed.size} orders`]
}

async function judge(
  cluster: SingleCluster,
  pages: readonly SoakPage[],
  waits: CoreWaits,
): Promise<Pick<SoakReport, 'pages' | 'excused' | 'violations'>> {
  const excused: string[] = []
  const violations: string[] = []
  const reports: PageReport[] = []
  for (const { name, userId, entries } of pages) {
    const committedAtMs = await readCommits(cluster, userId)
    violations.push(...findDisorder(entries).map((found) => `${name}: ${found}`))
    for (const lie of findLies(entries, committedAtMs, Date.now())) {
      const lateMs = Math.round(lie.toMs - lie.fromMs)
      const waitedMs = Math.round(waits.between(lie.committedAtMs, lie.toMs))
      const found = `${name} was live for ${lateMs} ms while more than a second behind, at ${new Date(lie.fromMs).toISOString()}: event ${lie.seq}`
      if (lateMs <= waitedMs) excused.push(`${found}; the services waited ${waitedMs} ms for a core`)
      else violations.push(found)
    }
    reports.push(await reportOf(cluster, name, entries, committedAtMs))
  }
  return { pages: reports, excused, violations }
}

async function readCommits(cluster: SingleCluster, userId: string): Promise<Map<number, number>> {
  const committedAtMs = new Map<number, number>()
  await query(
    cluster,
    `SELECT seq::int, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS at
     FROM events WHERE user_id = '${userId}'`,
    (row) => committedAtMs.set(row['seq'] as number, row['at'] as number),
  )
  return committedAtMs
}

async function reportOf(
  cluster: SingleCluster,
  page: string,
  entries: readonly Entry[],
  committedAtMs: ReadonlyMap<number, number>,
): Promise<PageReport> {
  let orders = 0
  await query(cluster, `SELECT count(*)::int FROM orders WHERE user_id = '${page}'`, (row) => {
    orders = row['count'] as number
  })
  const gaps = entries.flatMap(([atMs, kind, value]) => (kind === 'gap' ? [atMs - value] : []))
  const statuses = entries.filter(([, kind]) => kind === 'status')
  const endMs = entries.at(-1)?.[0] ?? 0
  const liveMs = statuses.reduce(
    (sum, [atMs, , state], index) => sum + (state === 'live' ? (statuses[index + 1]?.[0] ?? endMs) - atMs : 0),
    0,
  )
  const delays = arrivalDelays(entries, committedAtMs)
  const at = (share: number): number => Math.round(delays[Math.floor(share * (delays.length - 1))] ?? 0)
  return {
    page,
    events: committedAtMs.size,
    orders,
    connects: statuses.filter(([, , state], index) => state === 'live' && statuses[index - 1]?.[2] !== 'delayed')
      .length,
    gaps: gaps.length,
    longestGapMs: Math.max(0, ...gaps),
    liveShare: Math.round((1000 * liveMs) / (endMs - statuses[0]![0])) / 1000,
    delayMs: { median: at(0.5), p99: at(0.99), max: at(1) },
  }
}
