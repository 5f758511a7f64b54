import { verifyAuditLog, type AuditHead, type AuditLogCheck } from '@paxyo/database'
import type { Cli } from '../cli.ts'
import { withOwnerDatabase } from '../with-owner-database.ts'

/** Computes the chain of the audit log again. */
export const checkAuditLog = (cli: Cli, known: AuditHead | undefined): Promise<AuditLogCheck> =>
  withOwnerDatabase(cli, (db) => verifyAuditLog(db, known))
