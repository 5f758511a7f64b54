import { AUDIT_LOG } from './audit-log.ts'
import { BROWSERS } from './browsers.ts'
import { BUS } from './bus.ts'
import { CONNECTIONS } from './connections.ts'
import { DECISIONS } from './decisions.ts'
import { LATE_EVENTS } from './late-events.ts'
import { MACHINE } from './machine.ts'
import { MISSING_WEBHOOKS } from './missing-webhooks.ts'
import { MONITORING } from './monitoring.ts'
import { OUTGOING_WEBHOOKS } from './outgoing-webhooks.ts'
import { PANEL_API } from './panel-api.ts'
import { POSTGRES } from './postgres.ts'
import { PROCESSES } from './processes.ts'
import { PROVIDERS } from './providers.ts'
import { REDIS } from './redis.ts'
import { REPLICATION } from './replication.ts'
import { RIGHTS } from './rights.ts'
import type { Scenario } from './scenario.ts'
import { SLOW_COMMITS } from './slow-commits.ts'
import { TOKENS } from './tokens.ts'

/** In the order in which they are played. */
export const SCENARIOS: readonly Scenario[] = [
  ...PROCESSES,
  ...POSTGRES,
  ...SLOW_COMMITS,
  ...REDIS,
  ...BUS,
  ...LATE_EVENTS,
  ...OUTGOING_WEBHOOKS,
  ...PROVIDERS,
  ...MISSING_WEBHOOKS,
  ...DECISIONS,
  ...PANEL_API,
  ...AUDIT_LOG,
  ...RIGHTS,
  ...BROWSERS,
  ...TOKENS,
  ...CONNECTIONS,
  ...MACHINE,
  ...MONITORING,
  // The last ones: the primary is gone.
  ...REPLICATION,
]
