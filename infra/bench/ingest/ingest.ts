import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask } from '../machine/ask-child.ts'
import { startHttpLoad, type HttpLoad, type HttpLoadOrder, type HttpLoadResult } from '../load/http-load.ts'
import { topStatements, walByRecord } from '../machine/database-work.ts'
import { startPeer, type Peer } from '../machine/peer.ts'
import { runSql, startServers, type Servers } from '../machine/servers.ts'
import { figure, type Report, type Sample } from '../report/samples.ts'
import { takeTurns } from '../report/rounds.ts'
import { median } from '../report/statistics.ts'
import { CHARGE, seedSql } from './seed.ts'

export interface IngestOptions {
  readonly rounds: number
  readonly roundMs: number
  /** How long each variant runs before it is measured. */
  readonly warmUpMs?: number
  readonly connections: readonly number[]
  readonly orders: number
  readonly users: number
  /** Which of the variants; all when it is empty. */
  readonly only: readonly string[]
  /** Whether the answer times at half of each variant's maximum are measured, too. */
  readonly atHalf: boolean
  /** Flags for Node in our service, such as `--cpu-prof`. */
  readonly nodeArgs: readonly string[]
  /** Whether to list what our service's statements and log records cost. */
  readonly explain: boolean
  /** Another checkout of this repository, whose service takes part as well: what did a change bring? */
  readonly beside?: string | undefined
}

const TOKEN = 'a-webhook-token'
const PATH = `/webhooks/godofpanel/${TOKEN}`
export const OURS = 'webhook-ingest'
const WARM_UP_MS = 5_000

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Every way to take a webhook: a script that listens on `PORT`. A new peer is one more line. */
interface VariantScript {
  readonly script: string
  readonly drive: 'http' | 'itself'
}

const VARIANTS: Readonly<Record<string, VariantScript>> = {
  [OURS]: { script: script('../../../services/webhook-ingest/src/main.ts'), drive: 'http' },
  'one transaction each': { script: script('variants/one-transaction.ts'), drive: 'http' },
  'PL/pgSQL call each': { script: script('variants/plpgsql-call.ts'), drive: 'http' },
  'HTTP only': { script: script('variants/http-only.ts'), drive: 'http' },
  'batches only': { script: script('variants/batch-only.ts'), drive: 'itself' },
}

interface Variant {
  readonly name: string
  readonly drive: 'http' | 'itself'
  readonly peer: Peer
  readonly url: string
  run(order: HttpLoadOrder): Promise<HttpLoadResult>
  canceled: number
}

/** Webhooks per second and what each costs. */
export async function benchIngest(options: IngestOptions): Promise<Report> {
  await using servers = await startServers(seedSql(options.orders, options.users))
  using load = startHttpLoad()
  await using peers = new AsyncDisposableStack()
  const variants: Variant[] = []
  const beside = options.beside === undefined ? {} : { beside: besideScript(options.beside) }
  for (const [index, [name, { script: path, drive }]] of Object.entries({ ...VARIANTS, ...beside }).entries()) {
    if (options.only.length > 0 && !options.only.includes(name) && name !== 'beside') continue
    const url = await servers.copyDatabase(`bench_${index}`)
    const env = { DATABASE_URL: url, REDIS_URL: servers.redisUrl, WEBHOOK_TOKENS: TOKEN, CHANNEL_PREFIX: `${index}:` }
    const peer = peers.use(await startPeer(path, env, name === OURS ? { nodeArgs: options.nodeArgs } : {}))
    variants.push({ name, drive, peer, url, canceled: 0, run: runner(load, peer, drive) })
  }

  const context = { servers, options }
  for (const variant of variants)
    await measure(context, variant, { connections: 64, durationMs: options.warmUpMs ?? WARM_UP_MS })
  const samples: Sample[] = []
  for (const connections of options.connections) {
    const closedLoop = await takeTurns(`${connections} connections`, variants, options.rounds, (variant) =>
      measure(context, variant, { connections, durationMs: options.roundMs }),
    )
    samples.push(...closedLoop)
    if (!options.atHalf) continue
    const atHalf = await takeTurns(
      `half of the maximum of ${connections} connections`,
      variants.filter(({ drive }) => drive === 'http'),
      options.rounds,
      (variant) => {
        const own = closedLoop.filter((sample) => sample.variant === variant.name)
        const ratePerSecond = Math.round(median(figure(own, 'webhooks/s')) / 2)
        return measure(context, variant, { connections, durationMs: options.roundMs, ratePerSecond })
      },
    )
    samples.push(...atHalf)
  }
  const remarks: string[] = []
  for (const variant of variants) if (variant.name !== 'HTTP only') remarks.push(await checkRefunds(variant))
  const ours = variants.find(({ name }) => name === OURS)
  if (options.explain && ours !== undefined) remarks.push(...(await explain(context, ours)))
  return { name: 'ingest', subject: OURS, samples, remarks }
}

const besideScript = (folder: string): VariantScript => ({
  script: join(folder, 'services/webhook-ingest/src/main.ts'),
  drive: 'http',
})

function runner(load: HttpLoad, peer: Peer, drive: 'http' | 'itself'): Variant['run'] {
  return (order) => (drive === 'http' ? load.run(order) : ask(peer.child, order, order.durationMs + 30_000))
}

type Load = Pick<HttpLoadOrder, 'connections' | 'durationMs' | 'ratePerSecond'>

async function measure(
  { servers, options }: { servers: Servers; options: IngestOptions },
  variant: Variant,
  load: Load,
): Promise<Record<string, number>> {
  const { peer } = variant
  const walBefore = await walPosition(variant.url)
  const before = { node: peer.cpuSeconds(), postgres: servers.postgresCpuSeconds(), redis: servers.redisCpuSeconds() }
  const result = await variant.run({
    port: peer.port,
    path: PATH,
    orders: options.orders,
    canceledBefore: variant.canceled,
    ...load,
  })
  variant.canceled += result.canceled
  if (result.failed > 0) throw new Error(`${variant.name}: ${result.failed} webhooks were not answered with 200`)
  const per10k = (now: number, then: number): number => ((now - then) / result.answered) * 10_000
  const figures = {
    'webhooks/s': result.perSecond,
    'p50 ms': result.p50Ms,
    'p99 ms': result.p99Ms,
    'node CPU-s/10k': per10k(peer.cpuSeconds(), before.node),
    'postgres CPU-s/10k': per10k(servers.postgresCpuSeconds(), before.postgres),
    'redis CPU-s/10k': per10k(servers.redisCpuSeconds(), before.redis),
    'load CPU-s/10k': per10k(result.cpuSeconds, 0),
  }
  const wal = await walSince(variant.url, walBefore)
  return {
    ...figures,
    'WAL B/webhook': wal.records / result.answered,
    'page WAL B/webhook': wal.pages / result.answered,
  }
}

const walPosition = async (url: string): Promise<string> =>
  (await runSql<{ at: string }>(url, 'SELECT pg_current_wal_flush_lsn()::text AS at'))[0]!.at

/** Bytes of log since a position: records, and the first images of pages after a checkpoint, which come once each. */
async function walSince(url: string, position: string): Promise<{ records: number; pages: number }> {
  const end = await walPosition(url)
  // The function refuses a span without a record.
  if (end === position) return { records: 0, pages: 0 }
  const [row] = await runSql<{ records: string; pages: string }>(
    url,
    `SELECT sum(record_size) AS records, sum(fpi_size) AS pages FROM pg_get_wal_stats('${position}', '${end}', false)`,
  )
  return { records: Number(row!.records), pages: Number(row!.pages) }
}

/** Where a webhook's time in the database and its bytes of log go. */
async function explain({ options }: { options: IngestOptions }, variant: Variant): Promise<string[]> {
  await runSql(variant.url, 'SELECT pg_stat_statements_reset()')
  const position = await walPosition(variant.url)
  const { peer, canceled: canceledBefore } = variant
  const load = { connections: 256, durationMs: options.roundMs, orders: options.orders, canceledBefore }
  const { answered } = await variant.run({ port: peer.port, path: PATH, ...load })
  return [
    'Each webhook, by statement:',
    ...(await topStatements(variant.url, answered)),
    'Each webhook, by log record:',
    ...(await walByRecord(variant.url, position, answered)),
  ]
}

/** @throws Error when what was refunded is not what was canceled, to the last 10⁻⁸. */
async function checkRefunds({ name, url, canceled }: Variant): Promise<string> {
  const [row] = await runSql<Record<string, string>>(
    url,
    `SELECT ${canceled} * ${CHARGE}::numeric = ALL (ARRAY[
       (SELECT coalesce(sum(refunded), 0) FROM orders),
       (SELECT coalesce(sum(amount), 0) FROM ledger_entries),
       (SELECT coalesce(sum(balance), 0) FROM accounts)]) AS exact`,
  )
  if (String(row!['exact']) !== 'true')
    throw new Error(`${name}: refunds are not what ${canceled} cancellations come to`)
  return `${name}: ${canceled} cancellations, each refunded exactly once.`
}
