import { AUDIT_CHECKS, auditLedger } from '@paxyo/ledger/audit'
import type { AuditHead } from '@paxyo/database'
import { InvalidArgumentError } from 'commander'
import { renderAudit, renderAuditLog } from '../audit/render-audit.ts'
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
  readonly auditHead?: AuditHead
}

export const addAudit: AddCommand = (program, terminal, finished) => {
  program
    .command('audit')
    .description('check money, streams and deliveries in one snapshot, and the chain of the audit log (DATABASE_URL)')
    .option('--rows <count>', 'how many violations of each check are shown', parseRows, 10)
    .option('--outbox-age <duration>', 'how old an unpublished batch may be', '60s')
    .option('--parked-age <duration>', 'how long a delivery may wait for its order', '24h')
    .option('--review-age <duration>', 'how long a review may stay open', '7d')
    .option('--audit-head <position:hash>', 'an earlier paxyo audit-log head, which the log must contain', parseHead)
    .addHelpText(
      'after',
      '\nAUDIT_SIGNING_KEYS, AUDIT_PUBLIC_KEYS: whose signatures of the audit log are accepted; without them, those of every key.',
    )
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
        const auditLog = await (await import('../audit/check-audit-log.ts')).checkAuditLog(cli, options.auditHead)
        cli.print({ ...result, auditLog }, () => `${renderAudit(result, cli)}\n${renderAuditLog(auditLog, cli)}`)
        if (!result.isClean || auditLog.problems.length > 0) cli.finish('violations')
      }),
    )
}

function parseRows(text: string): number {
  const rows = Number(text)
  if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX) throw new InvalidArgumentError(`1 to ${ROWS_MAX}.`)
  return rows
}

function parseHead(text: string): AuditHead {
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? []
  if (position === undefined || hash === undefined)
    throw new InvalidArgumentError('The output of paxyo audit-log head.')
  return { position: Number(position), hash }
}
