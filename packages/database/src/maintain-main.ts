import pg from 'pg'
import { maintainEventPartitions } from './event-partitions.ts'
import { pruneIdempotencyKeys } from './idempotency-keys.ts'

const RETENTION_DAYS_DEFAULT = 7

const url = process.env['DATABASE_URL']
const retention = process.env['EVENT_RETENTION_DAYS'] || String(RETENTION_DAYS_DEFAULT)
const problems = [
  ...(url ? [] : ["DATABASE_URL must be set to the database, with its owner's name and password"]),
  ...(/^[1-9]\d{0,3}$/.test(retention) ? [] : ['EVENT_RETENTION_DAYS must be a whole number from 1 to 9999']),
]
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exit(1)
}

const pool = new pg.Pool({ connectionString: url, max: 1, application_name: 'paxyo-maintain' })
const { created, dropped } = await maintainEventPartitions(pool, new Date(), Number(retention))
const forgotten = await pruneIdempotencyKeys(pool)
await pool.end()
process.stdout.write(`Partitions made: ${created.join(', ') || 'none'}; dropped: ${dropped.join(', ') || 'none'}.\n`)
process.stdout.write(`Idempotency keys forgotten: ${forgotten}.\n`)
