import { fillSentence, type SentenceValues } from '@paxyo/contracts/data'
import type { AuditLimits } from './audit-check.ts'
import { AUDIT_DETAILS, type AuditDetailCode } from './audit-details.ts'
import { AUDIT_CHECKS } from './checks.ts'

/** The audit's database session, which may read every table. */
export interface AuditSession {
  query<Row>(text: string): Promise<readonly Row[]>
}

/** A violation: its subject, such as an order id, and the values that do not agree. */
export interface AuditRow {
  readonly subject: string
  readonly detail: string
  /** The kind of the violation, and its values, for other languages than that of the detail. */
  readonly code: AuditDetailCode
  readonly values: SentenceValues
}

export interface AuditCheckResult {
  readonly check: string
  readonly title: string
  /** The number of violations. */
  readonly count: number
  /** The first of them. */
  readonly rows: readonly AuditRow[]
  readonly durationMs: number
}

export interface AuditResult {
  readonly isClean: boolean
  /** The moment of the snapshot, by the database's clock. */
  readonly at: string
  readonly size: {
    readonly orders: number
    readonly accounts: number
    readonly ledgerEntries: number
    readonly events: number
    /** Deliveries that changed nothing, because their order has another provider order by now. */
    readonly supersededDeliveries: number
    /** Authenticated requests that are kept because they could not be read. */
    readonly rejectedRequests: number
  }
  readonly checks: readonly AuditCheckResult[]
  readonly durationMs: number
}

// With READ COMMITTED every statement would have its own snapshot, and money moved between two of them would look lost.
const BEGIN = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
/** Sums over a million rows are hashed in memory instead of sorted on disk. */
const SETTINGS = `SET LOCAL work_mem = '128MB'; SET LOCAL jit = off`

const READ_SIZE = `
  SELECT to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
    (SELECT count(*)::int8 FROM orders)::text AS orders,
    (SELECT count(*) FROM accounts)::text AS accounts,
    (SELECT count(*) FROM ledger_entries)::text AS entries,
    (SELECT count(*) FROM events)::text AS events,
    (SELECT count(*) FROM deliveries WHERE outcome = 'superseded')::text AS superseded,
    (SELECT count(*) FROM rejected_requests)::text AS rejected`

interface SizeRow {
  readonly at: string
  readonly orders: string
  readonly accounts: string
  readonly entries: string
  readonly events: string
  readonly superseded: string
  readonly rejected: string
}

/**
 * Runs every check in one snapshot of the database.
 *
 * @param onProgress called after each check
 * @example
 * const session = { query: async <Row>(text: string) => (await ownerPool.query(text)).rows as Row[] }
 * const result = await auditLedger(session, { rowsMax: 20, outboxAgeS: 60, parkedAgeS: 3600, reviewAgeS: 3600 })
 * result.isClean //=> true
 */
export async function auditLedger(
  database: AuditSession,
  limits: AuditLimits,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<AuditResult> {
  const startedAt = performance.now()
  await database.query(BEGIN)
  await database.query(SETTINGS)
  const [size] = await database.query<SizeRow>(READ_SIZE)
  const checks: AuditCheckResult[] = []
  for (const check of AUDIT_CHECKS) {
    const checkStartedAt = performance.now()
    const rows = await database.query<ViolationRow>(bounded(check.sql(limits), limits.rowsMax))
    checks.push({
      check: check.name,
      title: check.title,
      count: Number(rows[0]?.total ?? 0),
      rows: rows.map(toAuditRow),
      durationMs: Math.round(performance.now() - checkStartedAt),
    })
    onProgress(checks.length, AUDIT_CHECKS.length)
  }
  await database.query('ROLLBACK')
  return {
    isClean: checks.every(({ count }) => count === 0),
    at: size!.at,
    size: {
      orders: Number(size!.orders),
      accounts: Number(size!.accounts),
      ledgerEntries: Number(size!.entries),
      events: Number(size!.events),
      supersededDeliveries: Number(size!.superseded),
      rejectedRequests: Number(size!.rejected),
    },
    checks,
    durationMs: Math.round(performance.now() - startedAt),
  }
}

interface ViolationRow {
  readonly subject: string
  readonly detail: Pick<AuditRow, 'code' | 'values'>
  readonly total: string
}

const toAuditRow = ({ subject, detail: { code, values } }: ViolationRow): AuditRow => ({
  subject,
  detail: fillSentence(AUDIT_DETAILS[code], values),
  code,
  values,
})

/** The first rows, and how many there are. */
function bounded(sql: string, rowsMax: number): string {
  return `SELECT subject, detail, count(*) OVER ()::text AS total FROM (${sql}) AS violations (subject, detail) ORDER BY subject, detail LIMIT ${rowsMax}`
}
