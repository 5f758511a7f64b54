import { BROWSERS } from './browsers.ts'
import { BUS } from './bus.ts'
import { CONNECTIONS } from './connections.ts'
import { MACHINE } from './machine.ts'
import { MONITORING } from './monitoring.ts'
import { OUTGOING_WEBHOOKS } from './outgoing-webhooks.ts'
import { PANEL_API } from './panel-api.ts'
import { POSTGRES } from './postgres.ts'
import { PROCESSES } from './processes.ts'
import { PROVIDERS } from './providers.ts'
import { REDIS } from './redis.ts'
import { REPLICATION } from './replication.ts'
import type { Scenario } from './scenario.ts'

/** In the order in which they are played. */
export const SCENARIOS: readonly Scenario[] = [
  ...PROCESSES,
  ...POSTGRES,
  ...REDIS,
  ...BUS,
  ...OUTGOING_WEBHOOKS,
  ...PROVIDERS,
  ...PANEL_API,
  ...BROWSERS,
  ...CONNECTIONS,
  ...MACHINE,
  ...MONITORING,
  // The last ones: the primary is gone.
  ...REPLICATION,
]
