import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ask } from '../machine/ask-child.ts'
import { startHttpLoad, type HttpLoad, type HttpLoadCommand, type HttpLoadResult } from '../load/http-load.ts'
import { topStatements, walByRecord } from '../machine/database-work.ts'
import { startService, type Service } from '../machine/service.ts'
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
  /** The variants to run; all when it is empty. */
  readonly only: readonly string[]
  /** Whether to measure also the response times at half of each variant's maximum. */
  readonly atHalf: boolean
  /** Node flags for our service, such as `--cpu-prof`. */
  readonly nodeArgs: readonly string[]
  /** Whether to list the cost of our service's statements and log records. */
  readonly explain: boolean
  /** Other checkouts of this repository, whose services are measured too: the effects of changes. */
  readonly compareWith?: readonly string[]
}

const TOKEN = 'a-webhook-token'
const PATH = `/webhooks/godofpanel/${TOKEN}`
export const OURS = 'webhook-ingest'
const WARM_UP_MS = 5_000

const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** A way to receive a webhook: a script that listens on `PORT`. A new baseline is one more line. */
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
  readonly service: Service
  readonly url: string
  run(command: HttpLoadCommand): Promise<HttpLoadResult>
  canceled: number
}

/** Webhooks per second, and the cost of each. */
export async function benchIngest(options: IngestOptions): Promise<Report> {
  await using servers = await startServers(seedSql(options.orders, options.users))
  using load = startHttpLoad()
  await using services = new AsyncDisposableStack()
  const variants: Variant[] = []
  const compared = Object.fromEntries(
    (options.compareWith ?? []).map((folder) => [`in ${basename(folder)}`, scriptOfCheckout(folder)]),
  )
  for (const [index, [name, { script: path, drive }]] of Object.entries({ ...VARIANTS, ...compared }).entries()) {
    if (options.only.length > 0 && !options.only.includes(name) && !(name in compared)) continue
    const url = await servers.copyDatabase(`bench_${index}`)
    const env = { DATABASE_URL: url, REDIS_URL: servers.redisUrl, WEBHOOK_TOKENS: TOKEN, CHANNEL_PREFIX: `${index}:` }
    const service = services.use(await startService(path, env, name === OURS ? { nodeArgs: options.nodeArgs } : {}))
    variants.push({ name, drive, service, url, canceled: 0, run: runner(load, service, drive) })
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

const scriptOfCheckout = (folder: string): VariantScript => ({
  script: join(folder, 'services/webhook-ingest/src/main.ts'),
  drive: 'http',
})

function runner(load: HttpLoad, service: Service, drive: 'http' | 'itself'): Variant['run'] {
  return (command) => (drive === 'http' ? load.run(command) : ask(service.child, command, command.durationMs + 30_000))
}

type Load = Pick<HttpLoadCommand, 'connections' | 'durationMs' | 'ratePerSecond'>

async function measure(
  { servers, options }: { servers: Servers; options: IngestOptions },
  variant: Variant,
  load: Load,
): Promise<Record<string, number>> {
  const { service } = variant
  const walBefore = await walPosition(variant.url)
  const before = {
    node: service.cpuSeconds(),
    postgres: servers.postgresCpuSeconds(),
    redis: servers.redisCpuSeconds(),
  }
  const result = await variant.run({
    port: service.port,
    path: PATH,
    orders: options.orders,
    canceledBefore: variant.canceled,
    ...load,
  })
  variant.canceled += result.canceled
  if (result.failed > 0) throw new Error(`${variant.name}: ${result.failed} webhooks did not get a 200`)
  const per10k = (now: number, then: number): number => ((now - then) / result.responses) * 10_000
  const figures = {
    'webhooks/s': result.perSecond,
    'p50 ms': result.p50Ms,
    'p99 ms': result.p99Ms,
    'node CPU-s/10k': per10k(service.cpuSeconds(), before.node),
    'postgres CPU-s/10k': per10k(servers.postgresCpuSeconds(), before.postgres),
    'redis CPU-s/10k': per10k(servers.redisCpuSeconds(), before.redis),
    'load CPU-s/10k': per10k(result.cpuSeconds, 0),
  }
  const wal = await walSince(variant.url, walBefore)
  return {
    ...figures,
    'WAL B/webhook': wal.records / result.responses,
    'page WAL B/webhook': wal.pages / result.responses,
  }
}

const walPosition = async (url: string): Promise<string> =>
  (await runSql<{ at: string }>(url, 'SELECT pg_current_wal_flush_lsn()::text AS at'))[0]!.at

/** Bytes of WAL since a position: records, and full-page images, of which each page has one after a checkpoint. */
async function walSince(url: string, position: string): Promise<{ records: number; pages: number }> {
  const end = await walPosition(url)
  // The function fails for a range without a record.
  if (end === position) return { records: 0, pages: 0 }
  const [row] = await runSql<{ records: string; pages: string }>(
    url,
    `SELECT sum(record_size) AS records, sum(fpi_size) AS pages FROM pg_get_wal_stats('${position}', '${end}', false)`,
  )
  return { records: Number(row!.records), pages: Number(row!.pages) }
}

/** A webhook's time in the database by statement, and its bytes of WAL by record type. */
async function explain({ options }: { options: IngestOptions }, variant: Variant): Promise<string[]> {
  await runSql(variant.url, 'SELECT pg_stat_statements_reset()')
  const position = await walPosition(variant.url)
  const { service, canceled: canceledBefore } = variant
  const load = { connections: 256, durationMs: options.roundMs, orders: options.orders, canceledBefore }
  const { responses } = await variant.run({ port: service.port, path: PATH, ...load })
  return [
    'Each webhook, by statement:',
    ...(await topStatements(variant.url, responses)),
    'Each webhook, by WAL record:',
    ...(await walByRecord(variant.url, position, responses)),
  ]
}

/** @throws Error when the refunds differ from the charges of the canceled orders, to the last 10⁻⁸. */
async function checkRefunds({ name, url, canceled }: Variant): Promise<string> {
  const [row] = await runSql<Record<string, string>>(
    url,
    `SELECT ${canceled} * ${CHARGE}::numeric = ALL (ARRAY[
       (SELECT coalesce(sum(refunded), 0) FROM orders),
       (SELECT coalesce(sum(amount), 0) FROM ledger_entries),
       (SELECT coalesce(sum(balance), 0) FROM accounts)]) AS exact`,
  )
  if (String(row!['exact']) !== 'true')
    throw new Error(`${name}: the refunds differ from the charges of ${canceled} canceled orders`)
  return `${name}: ${canceled} cancellations, each refunded exactly once.`
}
