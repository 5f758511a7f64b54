import {
  archivePartition,
  createFolderStore,
  dropOldDeliveries,
  type PartitionPart,
  removeOldBodies,
} from '@paxyo/database'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { seedSql } from '../ingest/seed.ts'
import { startHttpLoad } from '../load/http-load.ts'
import { watchNoise } from '../machine/noise.ts'
import { runSql, startServers } from '../machine/servers.ts'
import { startService } from '../machine/service.ts'
import type { Report, Sample } from '../report/samples.ts'

export interface StorageOptions {
  readonly webhooks: number
  readonly orders: number
  readonly users: number
}

const TOKEN = 'a-webhook-token'
const SERVICE = fileURLToPath(new URL('../../../services/webhook-ingest/src/main.ts', import.meta.url))
const STEP_MS = 5_000
const CONNECTIONS = 64
const DAY_MS = 86_400_000
const BODY_RETENTION_DAYS = 30
const RETENTION_DAYS = 90
const YEAR_DAYS = 365
const WEBHOOKS_A_DAY = 1_000_000

/** Bytes of a table, with its partitions. */
interface Size {
  readonly table: number
  readonly toast: number
  readonly indexes: number
  readonly rows: number
}

/** What a webhook leaves in PostgreSQL: by table, with indexes and TOAST, before and after each retention, and in the archive. */
export async function benchStorage({ webhooks, orders, users }: StorageOptions): Promise<Report> {
  await using servers = await startServers(seedSql(orders, users))
  const url = await servers.copyDatabase('storage')
  const noise = watchNoise()
  const before = await readSizes(url)
  const sent = await sendWebhooks(url, servers.redisUrl, { webhooks, orders })
  const after = await readSizes(url)
  const sizeOf = (sizes: Map<string, Size>, name: string): number => totalOf(sizes.get(name)) / sent
  const samples: Sample[] = []
  for (const [name, size] of after) {
    const grown = subtract(size, before.get(name))
    if (totalOf(grown) === 0) continue
    const each = (value: number): number => value / sent
    samples.push({
      load: 'bytes of a webhook',
      variant: name,
      figures: {
        'B/webhook': each(totalOf(grown)),
        'table B': each(grown.table),
        'TOAST B': each(grown.toast),
        'index B': each(grown.indexes),
        rows: each(grown.rows),
      },
      noise: noise(),
    })
  }

  const ended = await endDeliveries(url)
  const delivery = sizeOf(after, 'deliveries') - sizeOf(before, 'deliveries')
  const slim = ended.withoutBodies / sent
  const grown = [...after].reduce((sum, [name, size]) => sum + totalOf(subtract(size, before.get(name))), 0) / sent
  const events = ['events', 'change_feed'].reduce((sum, name) => sum + sizeOf(after, name) - sizeOf(before, name), 0)
  const permanent = ['ledger_entries', 'refund_feed'].reduce((sum, name) => sum + sizeOf(after, name), 0)
  const archive = (ended.archivedBodies + ended.archivedRows) / sent
  const gigabytes = (bytes: number, days: number): string => `${((bytes * WEBHOOKS_A_DAY * days) / 1e9).toFixed(1)} GB`
  return {
    name: 'storage',
    subject: 'none',
    samples: samples.toSorted((one, other) => other.figures['B/webhook']! - one.figures['B/webhook']!),
    remarks: [
      `${sent} webhooks. A delivery has ${delivery.toFixed(0)} bytes, and ${slim.toFixed(0)} without its body.`,
      `Removing the bodies: ${(ended.removalMs / sent).toFixed(4)} ms and ${(ended.removalWal / sent).toFixed(0)} bytes of WAL for a delivery.`,
      `Archive: ${(ended.archivedBodies / sent).toFixed(0)} bytes for a body's file, and ${(ended.archivedRows / sent).toFixed(0)} more for the row's.`,
      `A year of a million webhooks a day without retention: ${gigabytes(grown, YEAR_DAYS)}, of which deliveries ${gigabytes(delivery, YEAR_DAYS)}.`,
      `With the default retention: deliveries ${gigabytes(delivery, BODY_RETENTION_DAYS)} with bodies and ` +
        `${gigabytes(slim, RETENTION_DAYS - BODY_RETENTION_DAYS)} without, events and changes ${gigabytes(events, 7)}, ` +
        `permanent ${gigabytes(permanent, YEAR_DAYS)} more each year, archive ${gigabytes(archive, YEAR_DAYS)}.`,
    ],
  }
}

const totalOf = (size: Size | undefined): number => (size === undefined ? 0 : size.table + size.toast + size.indexes)

const subtract = (size: Size, before: Size = { table: 0, toast: 0, indexes: 0, rows: 0 }): Size => ({
  table: size.table - before.table,
  toast: size.toast - before.toast,
  indexes: size.indexes - before.indexes,
  rows: size.rows - before.rows,
})

async function sendWebhooks(
  url: string,
  redisUrl: string,
  { webhooks, orders }: Omit<StorageOptions, 'users'>,
): Promise<number> {
  await using service = await startService(SERVICE, { DATABASE_URL: url, REDIS_URL: redisUrl, WEBHOOK_TOKENS: TOKEN })
  using load = startHttpLoad()
  let [sent, canceled] = [0, 0]
  while (sent < webhooks) {
    const result = await load.run({
      port: service.port,
      path: `/webhooks/godofpanel/${TOKEN}`,
      connections: CONNECTIONS,
      durationMs: STEP_MS,
      orders,
      canceledBefore: canceled,
    })
    if (result.failed > 0) throw new Error(`${result.failed} webhooks did not get a 200`)
    sent += result.responses
    canceled += result.canceled
    process.stderr.write(`${sent} of ${webhooks} webhooks\n`)
  }
  return sent
}

/** By table; partitions count for theirs. A vacuum first, as autovacuum would: what it can use again is not growth. */
async function readSizes(url: string): Promise<Map<string, Size>> {
  await runSql(url, 'VACUUM ANALYZE')
  const rows = await runSql<{ name: string } & Record<keyof Size, string>>(
    url,
    `SELECT coalesce(parent.relname, relation.relname) AS name,
       sum(pg_table_size(relation.oid) - coalesce(pg_total_relation_size(nullif(relation.reltoastrelid, 0)), 0)) AS table,
       sum(coalesce(pg_total_relation_size(nullif(relation.reltoastrelid, 0)), 0)) AS toast,
       sum(pg_indexes_size(relation.oid)) AS indexes,
       sum(greatest(relation.reltuples, 0))::bigint AS rows
     FROM pg_class AS relation LEFT JOIN pg_inherits ON inhrelid = relation.oid
       LEFT JOIN pg_class AS parent ON parent.oid = inhparent
     WHERE relation.relkind = 'r' AND relation.relnamespace = 'public'::regnamespace GROUP BY 1`,
  )
  return new Map(
    rows.map(({ name, ...size }) => [
      name,
      { table: Number(size.table), toast: Number(size.toast), indexes: Number(size.indexes), rows: Number(size.rows) },
    ]),
  )
}

/** Runs the retentions as maintenance would in the future, with an archive. */
async function endDeliveries(url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'paxyo-archive-'))
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  try {
    const store = createFolderStore(folder)
    const archive = (name: string, part?: PartitionPart) => archivePartition(pool, store, name, part)
    const later = (days: number): Date => new Date(Date.now() + (days + 1) * DAY_MS)
    const walAt = async () =>
      Number((await runSql<{ at: string }>(url, `SELECT pg_current_wal_lsn() - '0/0'::pg_lsn AS at`))[0]!.at)
    const [startedAt, startedWal] = [performance.now(), await walAt()]
    await removeOldBodies(pool, later(BODY_RETENTION_DAYS), BODY_RETENTION_DAYS, archive)
    const [removalMs, removalWal] = [performance.now() - startedAt, (await walAt()) - startedWal]
    const withoutBodies = totalOf((await readSizes(url)).get('deliveries'))
    const archivedBodies = bytesIn(folder)
    await dropOldDeliveries(pool, later(RETENTION_DAYS), RETENTION_DAYS, archive)
    return { removalMs, removalWal, withoutBodies, archivedBodies, archivedRows: bytesIn(folder) - archivedBodies }
  } finally {
    await pool.end()
    rmSync(folder, { recursive: true })
  }
}

const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
