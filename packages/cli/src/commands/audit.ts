import { AUDIT_CHECKS, auditLedger } from '@paxyo/ledger/audit'
import { InvalidArgumentError } from 'commander'
import { renderAudit } from '../audit/render-audit.ts'
import { action } from '../cli.ts'
import { startProgress } from '../output/progress.ts'
import type { AddCommand } from '../add-command.ts'
import { parseDurationS, settings } from '../settings.ts'

/** A check of a large database reads every row of a table or two. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000
const ROWS_MAX = 1_000

interface AuditCommandOptions {
  readonly rows: number
  readonly outboxAge: string
  readonly parkedAge: string
  readonly reviewAge: string
}

export const addAudit: AddCommand = (program, terminal, finished) => {
  program
    .command('audit')
    .description('check the consistency of money, streams and deliveries in one snapshot (DATABASE_URL)')
    .option('--rows <count>', 'how many violations of each check are shown', parseRows, 10)
    .option('--outbox-age <duration>', 'how old an unpublished batch may be', '60s')
    .option('--parked-age <duration>', 'how long a delivery may wait for its order', '24h')
    .option('--review-age <duration>', 'how long a review may stay open', '7d')
    .addHelpText('after', `\nChecks:\n${AUDIT_CHECKS.map(({ name, title }) => `  ${name}: ${title}`).join('\n')}`)
    .action(
      action(terminal, finished, async (cli, options: AuditCommandOptions) => {
        const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
        const limits = {
          rowsMax: options.rows,
          outboxAgeS: parseDurationS(options.outboxAge),
          parkedAgeS: parseDurationS(options.parkedAge),
          reviewAgeS: parseDurationS(options.reviewAge),
        }
        const { connectDatabase } = await import('../connect-database.ts')
        await using database = await connectDatabase({
          url,
          as: 'ingest',
          readOnly: true,
          statementTimeoutMs: STATEMENT_TIMEOUT_MS,
          signal: cli.signal,
        })
        const progress = startProgress(cli, 'audit', 'checks')
        const result = await auditLedger(database, limits, (done, total) => progress.update(done, done / total))
        progress.end()
        cli.print(result, () => renderAudit(result, cli))
        if (!result.isClean) cli.finish('violations')
      }),
    )
}

function parseRows(text: string): number {
  const rows = Number(text)
  if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX) throw new InvalidArgumentError(`1 to ${ROWS_MAX}.`)
  return rows
}
