import type { AuditCheck } from './audit-check.ts'
import { EVENT_CHECKS } from './event-checks.ts'
import { MONEY_CHECKS } from './money-checks.ts'
import { QUEUE_CHECKS } from './queue-checks.ts'

/** In the order in which they run and are shown: those about money first. */
export const AUDIT_CHECKS: readonly AuditCheck[] = [...MONEY_CHECKS, ...EVENT_CHECKS, ...QUEUE_CHECKS]
