import { verifyAuditLog, type AuditHead, type AuditLogCheck } from '@paxyo/database'
import { knownPublicKeys } from '../audit-log/public-keys.ts'
import type { Cli } from '../cli.ts'
import { withOwnerDatabase } from '../with-owner-database.ts'

/** Computes the chain of the audit log again, and verifies its signatures. */
export async function checkAuditLog(cli: Cli, known: AuditHead | undefined): Promise<AuditLogCheck> {
  const publicKeys = await knownPublicKeys(cli.env)
  return withOwnerDatabase(cli, (db) => verifyAuditLog(db, { known, publicKeys }))
}
