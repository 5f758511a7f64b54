import { migrateToLatest } from '@paxyo/database'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { AUDIT_CHECKS, auditLedger } from '@paxyo/ledger/audit'
import { generateLedger } from '../../packages/ledger/test/audit/generate-ledger.ts'

// Measures how long an audit of a million orders takes, on an embedded PostgreSQL with its default settings.
const { values } = parseArgs({ options: { orders: { type: 'string', default: '1000000' } } })
const orders = Number(values.orders)
const dir = mkdtempSync(join(tmpdir(), 'paxyo-bench-audit-'))
const server = await startLocalPostgres({ dataDir: join(dir, 'data'), password: 'bench' })
const owner = new pg.Pool({ connectionString: server.url, max: 1 })
try {
  await migrateToLatest(server.url)
  const startedAt = performance.now()
  await generateLedger(owner, { orders, users: orders / 10 })
  console.log(`${orders} orders generated in ${seconds(performance.now() - startedAt)}`)

  const limits = { rowsMax: 10, outboxAgeS: 60, parkedAgeS: 86_400, reviewAgeS: 604_800 }
  const query = async (text: string) => (await owner.query(text)).rows as never
  const result = await auditLedger({ query }, limits)
  for (const { check, durationMs, count } of result.checks)
    console.log(`${check}: ${seconds(durationMs)}, ${count} violations`)
  console.log(`audit of ${JSON.stringify(result.size)}: ${AUDIT_CHECKS.length} checks in ${seconds(result.durationMs)}`)
} finally {
  await owner.end()
  await server.stop()
  rmSync(dir, { recursive: true, force: true })
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
