import type { Diagnostic } from './diagnostic.ts'
import type { ReadSession } from './read-session.ts'
import { found } from './sentences.ts'

const AGE_WARNING_S = 2 * 86_400

const READ_SIGNATURE = `
  SELECT (SELECT count(*)::int FROM (SELECT FROM audit_log LIMIT 1) AS one) AS entries,
    (SELECT extract(epoch FROM now() - max(signed_at))::float8 FROM audit_log_signatures) AS "ageS"`

/** Whether the audit log is still signed every day. */
export async function diagnoseAuditSignature(database: ReadSession): Promise<Diagnostic> {
  const [row] = await database.query<{ entries: number; ageS: number | null }>(READ_SIGNATURE)
  const { entries, ageS } = row!
  if (entries === 0) return found('ok', 'audit-signature', 'audit_log_empty')
  if (ageS === null) return found('skipped', 'audit-signature', 'audit_log_unsigned')
  const status = ageS <= AGE_WARNING_S ? 'ok' : 'warning'
  return found(status, 'audit-signature', 'audit_log_signed', { count: Math.floor(ageS / 3_600) })
}
