import { maintainPartitions } from '@paxyo/database'
import { checkOut, ROOT, runPaxyo } from '@paxyo/testkit'
import { join } from 'node:path'
import pg from 'pg'
import { seedSql } from '../ingest/seed.ts'
import { type HttpLoadResult, startHttpLoad } from '../load/http-load.ts'
import { watchNoise } from '../machine/noise.ts'
import { runSql, startServers } from '../machine/servers.ts'
import { startService } from '../machine/service.ts'
import type { Report, Sample } from '../report/samples.ts'

export interface MigrationOptions {
  /** The commit or tag whose version serves meanwhile; without it, the version before this one. */
  readonly from: string | undefined
  readonly orders: number
  readonly users: number
  readonly deliveries: number
  readonly webhooksPerSecond: number
  /** A webhook that waits longer is a problem. */
  readonly longestMsMax: number
}

const TOKEN = 'a-webhook-token'
const CONNECTIONS = 64
const DAY_MS = 86_400_000
/** Days of the deliveries that are there, today included. */
const DAYS = 4
/** How long the load goes on before and after. */
const MARGIN_MS = 5_000
const SLICE_MS = 2_000

/**
 * Migrates a large database to this version, and then maintains it, while the version before receives webhooks: the longest time
 * until a response, and the webhooks that failed.
 *
 * @returns also the webhooks that failed or waited too long, in words.
 */
export async function benchMigration(
  options: MigrationOptions,
): Promise<{ report: Report; problems: readonly string[] }> {
  await using checkout = await checkOut(options.from)
  const { folder } = checkout
  const seed = `${seedSql(options.orders, options.users)}; ${deliveriesSql(options)}`
  await using servers = await startServers(seed, async (url) => {
    await runPaxyo(folder, ['migrate'], url)
    const pool = new pg.Pool({ connectionString: url, max: 2 })
    await maintainPartitions(pool, new Date(Date.now() - DAYS * DAY_MS))
    await pool.end()
  })
  const url = await servers.copyDatabase('migrated')
  const env = { DATABASE_URL: url, REDIS_URL: servers.redisUrl, WEBHOOK_TOKENS: TOKEN }
  await using service = await startService(join(folder, 'services/webhook-ingest/src/main.ts'), env)
  const phases = {
    'nothing else': () => Promise.resolve(),
    'paxyo migrate': () => runPaxyo(ROOT, ['migrate'], url),
    'paxyo maintain': () => runPaxyo(ROOT, ['maintain'], url, { DELIVERY_BODY_RETENTION_DAYS: '1' }),
  }
  const samples: Sample[] = []
  let canceledBefore = 0
  for (const [variant, work] of Object.entries(phases)) {
    const noise = watchNoise()
    const target = { port: service.port, orders: options.orders, canceledBefore }
    const { result, workMs } = await underLoad(target, options.webhooksPerSecond, work)
    canceledBefore += result.canceled
    const figures = {
      'longest ms': result.maxMs,
      'p99 ms': result.p99Ms,
      'p50 ms': result.p50Ms,
      webhooks: result.responses,
      failed: result.failed,
      'work s': workMs / 1000,
    }
    samples.push({ load: `${options.webhooksPerSecond} webhooks/s`, variant, figures, noise: noise() })
    process.stderr.write(`${variant}: ${JSON.stringify(figures)}\n`)
  }
  const [row] = await runSql<Record<string, string>>(
    url,
    `SELECT pg_size_pretty(pg_database_size(current_database())) AS size,
       (SELECT count(*) FROM deliveries WHERE body IS NULL) AS bodiless, (SELECT count(*) FROM deliveries) AS deliveries,
       (SELECT max(name) FROM kysely_migration) AS last`,
  )
  const remark =
    `From ${checkout.commit} with its service, ${options.orders} orders and ${options.deliveries} deliveries, to ${row!['last']}: ` +
    `${row!['size']}, ${row!['bodiless']} of ${row!['deliveries']} deliveries without body.`
  return {
    report: { name: 'migration', subject: 'none', samples, remarks: [remark] },
    problems: samples.flatMap(({ variant, figures }) => problemsOf(variant, figures, options)),
  }
}

function problemsOf(variant: string, figures: Sample['figures'], { longestMsMax }: MigrationOptions): string[] {
  const { failed = 0, 'longest ms': longestMs = 0 } = figures
  return [
    ...(failed > 0 ? [`During "${variant}" ${failed} webhooks failed.`] : []),
    ...(longestMs > longestMsMax ? [`During "${variant}" a webhook waited ${longestMs} ms.`] : []),
  ]
}

/** Deliveries of the last days, applied and in no particular order of their orders. */
const deliveriesSql = ({ deliveries, orders }: MigrationOptions): string => `
  INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
  SELECT 'seed-' || n, 'godofpanel', (n::bigint * 7919 % ${orders} + 1)::text,
    format('{"order_id":"%s","status":"In progress","charge":"0.90","start_count":"10","remains":"%s","currency":"USD"}', n, n % 1000),
    'progress', now() - interval '${DAYS - 1} days' * (1 - n::float / ${deliveries})
  FROM generate_series(1, ${deliveries}) AS n`

async function underLoad(
  target: { readonly port: number; readonly orders: number; readonly canceledBefore: number },
  ratePerSecond: number,
  work: () => Promise<unknown>,
): Promise<{ result: HttpLoadResult; workMs: number }> {
  using load = startHttpLoad()
  const done = new AbortController()
  const running = (async () => {
    await new Promise((resolve) => setTimeout(resolve, MARGIN_MS))
    const startedAt = performance.now()
    await work()
    const workMs = performance.now() - startedAt
    await new Promise((resolve) => setTimeout(resolve, MARGIN_MS))
    return workMs
  })().finally(() => done.abort())
  const results: HttpLoadResult[] = []
  while (!done.signal.aborted) {
    const canceledBefore = target.canceledBefore + results.reduce((sum, { canceled }) => sum + canceled, 0)
    const path = `/webhooks/godofpanel/${TOKEN}`
    results.push(
      await load.run({
        ...target,
        path,
        canceledBefore,
        ratePerSecond,
        connections: CONNECTIONS,
        durationMs: SLICE_MS,
      }),
    )
  }
  const sum = (name: 'responses' | 'failed' | 'canceled' | 'cpuSeconds' | 'perSecond'): number =>
    results.reduce((total, result) => total + result[name], 0)
  const worst = (name: 'p50Ms' | 'p99Ms' | 'maxMs'): number => Math.max(...results.map((result) => result[name]))
  return {
    workMs: await running,
    result: {
      responses: sum('responses'),
      failed: sum('failed'),
      canceled: sum('canceled'),
      cpuSeconds: sum('cpuSeconds'),
      perSecond: sum('perSecond') / results.length,
      p50Ms: worst('p50Ms'),
      p99Ms: worst('p99Ms'),
      maxMs: worst('maxMs'),
    },
  }
}
