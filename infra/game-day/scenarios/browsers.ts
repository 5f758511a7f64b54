import { WebSocket } from 'ws'
import type { Arena } from '../arena.ts'
import { gatewayOf, repeating, type Scenario } from './scenario.ts'

async function openWithOrigin(arena: Arena, origin: string): Promise<void> {
  const socket = new WebSocket(`${gatewayOf(arena).replace('http', 'ws')}/ws`, { origin })
  socket.on('error', () => undefined)
}

/** Pages at the gateways. */
export const BROWSERS: readonly Scenario[] = [
  {
    what: 'pages of another origin connect',
    alert: 'PaxyoOriginsRejected',
    severity: 'ticket',
    ...repeating((arena) => openWithOrigin(arena, 'https://www.panel.example.com')),
    runbook: 'add it to `ALLOWED_ORIGINS`',
  },
  {
    what: 'a gateway may not read the revoked tokens',
    alert: 'PaxyoRevocationsLate',
    severity: 'page',
    break: (arena) => arena.sql('REVOKE SELECT ON connection_cutoffs FROM paxyo_gateway'),
    runbook: 'fix the cause',
    repair: (arena) => arena.sql('GRANT SELECT ON connection_cutoffs TO paxyo_gateway'),
  },
]
