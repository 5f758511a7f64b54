import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { maintainEventPartitions } from './event-partitions.ts'
import { pruneIdempotencyKeys } from './idempotency-keys.ts'
import { failureText } from './failure-text.ts'
import { ownerUrl } from './owner-url.ts'

const RETENTION_DAYS_DEFAULT = 7
const HOUR_MS = 3_600_000

const retention = process.env['EVENT_RETENTION_DAYS'] || String(RETENTION_DAYS_DEFAULT)
/** Where nothing else starts it daily, it stays and repeats itself. */
const everyHours = process.env['MAINTAIN_EVERY_HOURS'] || '0'
const problems = [
  ...problemOf(() => ownerUrl(process.env)),
  ...(/^[1-9]\d{0,3}$/.test(retention) ? [] : ['EVENT_RETENTION_DAYS must be a whole number from 1 to 9999']),
  ...(/^\d{1,3}$/.test(everyHours) ? [] : ['MAINTAIN_EVERY_HOURS must be a whole number from 0 to 999']),
]
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`)
  process.exit(1)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(0))
for (let isDue = true; isDue; isDue = await nextTurn()) await maintain()

/** @returns whether there is one. */
async function nextTurn(): Promise<boolean> {
  if (everyHours === '0') return false
  await sleep(Number(everyHours) * HOUR_MS)
  return true
}

async function maintain(): Promise<void> {
  const pool = new pg.Pool({ connectionString: ownerUrl(process.env), max: 1, application_name: 'paxyo-maintain' })
  try {
    const { created, dropped } = await maintainEventPartitions(pool, new Date(), Number(retention))
    const forgotten = await pruneIdempotencyKeys(pool)
    process.stdout.write(
      `Partitions made: ${created.join(', ') || 'none'}; dropped: ${dropped.join(', ') || 'none'}.\n`,
    )
    process.stdout.write(`Idempotency keys forgotten: ${forgotten}.\n`)
  } catch (error) {
    process.stderr.write(`The database could not be maintained: ${failureText(error)}\n`)
    process.exit(1)
  } finally {
    await pool.end()
  }
}

function problemOf(attempt: () => unknown): string[] {
  try {
    attempt()
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}
