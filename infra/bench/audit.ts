import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { AUDIT_CHECKS, runAudit } from '@paxyo/cli'
import { generateBooks } from '../../packages/cli/test/audit/generate-books.ts'

// How long an audit takes: books of a million orders on a PostgreSQL of our own, with its default settings.
const { values } = parseArgs({ options: { orders: { type: 'string', default: '1000000' } } })
const orders = Number(values.orders)
const dir = mkdtempSync(join(tmpdir(), 'paxyo-bench-audit-'))
const server = await startLocalPostgres({ dataDir: join(dir, 'data'), password: 'bench' })
const owner = new pg.Pool({ connectionString: server.url, max: 1 })
try {
  await migrateToLatest(server.url)
  const startedAt = performance.now()
  await generateBooks(owner, { orders, users: orders / 10 })
  console.log(`${orders} orders generated in ${seconds(performance.now() - startedAt)}`)

  const limits = { rowsMax: 10, outboxAgeS: 60, parkedAgeS: 86_400, reviewAgeS: 604_800 }
  const query = async (text: string, given?: readonly unknown[]) =>
    (await owner.query(text, given?.slice())).rows as never
  const result = await runAudit({ query }, limits)
  for (const { check, durationMs, count } of result.checks)
    console.log(`${check}: ${seconds(durationMs)}, ${count} off`)
  console.log(`audit of ${JSON.stringify(result.size)}: ${AUDIT_CHECKS.length} checks in ${seconds(result.durationMs)}`)
} finally {
  await owner.end()
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
