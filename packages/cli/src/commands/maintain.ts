import { action } from '../cli.ts'
import type { AddCommand } from '../program.ts'
import { settings } from '../settings.ts'

const CONNECT_TIMEOUT_MS = 5_000

export const addMaintain: AddCommand = (program, terminal, finished) => {
  program
    .command('maintain')
    .description('make the partitions of the days to come and drop old ones, as the owner (DATABASE_URL); run it daily')
    .addHelpText('after', '\nEVENT_RETENTION_DAYS says how many days are kept beside today (7).')
    .action(
      action(terminal, finished, async (cli) => {
        const { DATABASE_URL: url, EVENT_RETENTION_DAYS: days } = await settings(cli.env, [
          'DATABASE_URL',
          'EVENT_RETENTION_DAYS',
        ])
        const result = await maintain(url, days)
        cli.print(result, () =>
          [
            `Partitions made: ${list(result.created)}; dropped: ${list(result.dropped)}.`,
            `Idempotency keys forgotten: ${result.forgottenIdempotencyKeys}.`,
          ].join('\n'),
        )
      }),
    )
}

const list = (names: readonly string[]): string => names.join(', ') || 'none'

async function maintain(url: string, retentionDays: number) {
  const { maintainEventPartitions, pruneIdempotencyKeys } = await import('@paxyo/database')
  const { default: pg } = await import('pg')
  const { explainDatabaseError } = await import('../explain-database-error.ts')
  const pool = new pg.Pool({
    connectionString: url,
    max: 1,
    application_name: 'paxyo-maintain',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  pool.on('error', () => undefined)
  try {
    const partitions = await maintainEventPartitions(pool, new Date(), retentionDays)
    return { ...partitions, forgottenIdempotencyKeys: await pruneIdempotencyKeys(pool) }
  } catch (error) {
    throw explainDatabaseError(error, url)
  } finally {
    await pool.end()
  }
}
