import type { AuditLogCheck } from '@paxyo/database'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import type { Terminal } from '../terminal.ts'
import type { AuditCheckResult, AuditResult } from '@paxyo/ledger/audit'

/** An audit as a table, followed by its violations. */
export function renderAudit(result: AuditResult, { style }: Pick<Terminal, 'style'>): string {
  const { size, checks } = result
  const verdict = ({ count }: AuditCheckResult): string =>
    count === 0 ? style('green', 'ok') : style('red', `${count.toLocaleString('en')} violations`)
  const violated = checks.filter(({ count }) => count > 0)
  return [
    `Snapshot of ${result.at}: ${size.orders.toLocaleString('en')} orders, ${size.accounts.toLocaleString('en')} accounts, ` +
      `${size.ledgerEntries.toLocaleString('en')} ledger entries, ${size.events.toLocaleString('en')} events.`,
    `Superseded deliveries: ${size.supersededDeliveries.toLocaleString('en')}; rejected requests: ${size.rejectedRequests.toLocaleString('en')}.`,
    '',
    table(checks.map((check) => [verdict(check), check.check, check.title, style('dim', `${check.durationMs} ms`)])),
    ...violated.flatMap((check) => ['', style('bold', check.title), ...rowsOf(check)]),
    '',
    violated.length === 0
      ? style('green', `No violations (${seconds(result)}).`)
      : style('red', `${violated.length} of ${checks.length} checks found violations (${seconds(result)}).`),
  ].join('\n')
}

function rowsOf({ rows, count }: AuditCheckResult): string[] {
  const lines = table(rows.map(({ subject, detail }) => [`  ${printable(subject)}`, printable(detail)]))
  return count > rows.length ? [lines, `  … and ${(count - rows.length).toLocaleString('en')} more`] : [lines]
}

const seconds = ({ durationMs }: AuditResult): string => `${(durationMs / 1000).toFixed(1)} s`

/** The chain of the audit log in a line, followed by its problems. */
export function renderAuditLog(check: AuditLogCheck, { style }: Pick<Terminal, 'style'>): string {
  const { entries, calls, problems, signatures, signedAt } = check
  const signed =
    signedAt === undefined ? 'not signed' : `${signatures.toLocaleString('en')} signatures, the last one of ${signedAt}`
  const count = `${entries.toLocaleString('en')} entries, ${calls.toLocaleString('en')} calls in groups, ${signed}`
  if (problems.length === 0) return style('green', `The chain of the audit log holds: ${count}.`)
  return [style('red', `The chain of the audit log is broken: ${count}.`), ...problems.map((line) => `  ${line}`)].join(
    '\n',
  )
}
