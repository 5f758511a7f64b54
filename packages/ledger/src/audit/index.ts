export type { AuditCheck, AuditLimits } from './audit-check.ts'
export { AUDIT_CHECKS } from './checks.ts'
export { AUDIT_DETAILS } from './audit-details.ts'
export {
  auditLedger,
  type AuditCheckResult,
  type AuditResult,
  type AuditRow,
  type AuditSession,
} from './audit-ledger.ts'
