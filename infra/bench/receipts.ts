import { gatewayMessageSchema, parseBusMessage } from '@paxyo/contracts'
import { createPool, migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { ReceiptsMessage } from '@paxyo/contracts'
import { storeReceipts } from '@paxyo/ledger'
import { PendingReceipts } from '../../services/ws-gateway/src/receipts/pending-receipts.ts'

// Measures what receipts cost: every client gets an event every two seconds, shows it, and says so. The gateway's part, its
// messages to webhook-ingest, and the writes to an embedded PostgreSQL with its default settings.
const { values } = parseArgs({
  options: { clients: { type: 'string', default: '5000' }, rounds: { type: 'string', default: '20' } },
})
const clients = Number(values.clients)
const rounds = Number(values.rounds)
const USERS_PER_BATCH_MAX = 1_000
const GATEWAY_ID = 'bench'

const dir = mkdtempSync(join(tmpdir(), 'paxyo-bench-receipts-'))
const server = await startLocalPostgres({ dataDir: join(dir, 'data'), password: 'bench' })
const owner = new pg.Pool({ connectionString: server.url, max: 1 })
const pool = createPool({ url: server.url, role: 'ingest', name: 'bench', max: 2 })
try {
  await migrateToLatest(server.url)
  await owner.query(
    `INSERT INTO accounts (user_id, currency, balance, last_seq)
     SELECT 'user-' || n, 'USD', 0, $2 FROM generate_series(1, $1) AS n`,
    [clients, rounds],
  )
  const { rows } = await owner.query<{ epoch: string }>('SELECT epoch FROM stream_epoch')
  await measure(rows[0]!.epoch)
} finally {
  await Promise.all([owner.end(), pool.end()])
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
}

async function measure(epoch: string): Promise<void> {
  const pending = new PendingReceipts(() => performance.now())
  const cost = { gatewayMs: 0, ingestMs: 0, writeMs: 0, writeMsMax: 0, bytes: 0, batches: 0 }
  for (let seq = 1; seq <= rounds; seq += 1) {
    const collectedAt = performance.now()
    for (let user = 1; user <= clients; user += 1) {
      pending.sent({ userId: `user-${user}`, epoch, seq, connections: 1, isLive: true, at: performance.now() })
      pending.seen(`user-${user}`, epoch, seq)
    }
    cost.gatewayMs += performance.now() - collectedAt
    while (pending.size > 0) await report(pending, cost)
  }
  const { rows } = await owner.query<{ rows: number; bytes: number }>(
    `SELECT (SELECT count(*) FROM receipts) + (SELECT count(*) FROM sent_positions) AS rows,
       pg_total_relation_size('receipts') + pg_total_relation_size('sent_positions') AS bytes`,
  )
  const seconds = rounds * 2
  const share = (ms: number): string => `${((ms / 1000 / seconds) * 100).toFixed(1)} % of a core`
  console.log(`${clients} clients, an event and a receipt each every 2 s, for ${seconds} s:`)
  console.log(`gateway: ${share(cost.gatewayMs)}, ${(cost.bytes / 1024 / seconds).toFixed(0)} KiB/s to webhook-ingest`)
  console.log(`webhook-ingest: ${share(cost.ingestMs)} to parse`)
  const perBatch = (cost.writeMs / cost.batches).toFixed(1)
  console.log(
    `writes: ${perBatch} ms for ${USERS_PER_BATCH_MAX} users (at most ${cost.writeMsMax.toFixed(1)} ms), ${share(cost.writeMs)} of PostgreSQL at most`,
  )
  console.log(
    `stored: ${rows[0]!.rows} rows, ${(rows[0]!.bytes / rows[0]!.rows).toFixed(0)} bytes each with their indexes`,
  )
}

async function report(
  pending: PendingReceipts,
  cost: { gatewayMs: number; ingestMs: number; writeMs: number; writeMsMax: number; bytes: number; batches: number },
): Promise<void> {
  const startedAt = performance.now()
  const batch = pending.toBatch(pending.take(USERS_PER_BATCH_MAX))
  const text = JSON.stringify({ type: 'receipts', gatewayId: GATEWAY_ID, batchId: 'batch', ...batch })
  const sentAt = performance.now()
  const message = parseBusMessage(gatewayMessageSchema, text) as ReceiptsMessage
  const parsedAt = performance.now()
  await storeReceipts(pool, message)
  const writeMs = performance.now() - parsedAt
  cost.gatewayMs += sentAt - startedAt
  cost.ingestMs += parsedAt - sentAt
  cost.writeMs += writeMs
  cost.writeMsMax = Math.max(cost.writeMsMax, writeMs)
  cost.bytes += text.length
  cost.batches += 1
}
