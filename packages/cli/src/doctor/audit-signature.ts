import type { DatabaseSession } from '../connect-database.ts'
import { ok, skipped, warning, type Diagnostic } from './diagnostic.ts'

const AGE_WARNING_S = 2 * 86_400

const READ_SIGNATURE = `
  SELECT (SELECT count(*)::int FROM (SELECT FROM audit_log LIMIT 1) AS one) AS entries,
    (SELECT extract(epoch FROM now() - max(signed_at))::float8 FROM audit_log_signatures) AS "ageS"`

/** Whether the audit log is still signed every day. */
export async function diagnoseAuditSignature(database: DatabaseSession): Promise<Diagnostic> {
  const [row] = await database.query<{ entries: number; ageS: number | null }>(READ_SIGNATURE)
  const { entries, ageS } = row!
  if (entries === 0) return ok('audit-signature', 'the audit log is empty')
  if (ageS === null) {
    return skipped('audit-signature', 'the audit log is not signed (AUDIT_SIGNING_KEYS of paxyo maintain)')
  }
  const message = `the audit log was signed ${Math.floor(ageS / 3_600)} hours ago`
  if (ageS <= AGE_WARNING_S) return ok('audit-signature', message)
  return warning('audit-signature', message, 'Does paxyo maintain run daily, with AUDIT_SIGNING_KEYS?')
}
