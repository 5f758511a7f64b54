import { connectSocket, mintToken } from '@paxyo/testkit'
import { WebSocket } from 'ws'
import type { Arena } from '../arena.ts'
import { gatewayOf, repeating, under, type Breakage, type Scenario } from './scenario.ts'

async function openWithOrigin(arena: Arena, origin: string): Promise<void> {
  const socket = new WebSocket(`${gatewayOf(arena).replace('http', 'ws')}/ws`, { origin })
  socket.on('error', () => undefined)
}

/** A page that is rejected gets none. */
const WELCOME_MS_MAX = 2_000

/** A page that has received more than the database has, as after the restore of a backup. */
function pageAhead(): Breakage {
  let resume: { epoch: string; seq: number } | undefined
  return repeating(async (arena) => {
    const token = await mintToken('G-ahead')
    const page = await connectSocket(gatewayOf(arena), { token, ...(resume && { resume }) })
    const { epoch } = await page.next('welcome', undefined, WELCOME_MS_MAX).finally(() => page.close())
    resume ??= { epoch, seq: 1_000 }
  }, 1_000)
}

/** The page is enough to break it. */
const WITHOUT_NEW_EPOCH: Breakage = {
  break: async () => undefined,
  repair: (arena) => arena.paxyo('epoch', 'rotate'),
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
  {
    what: 'a backup was restored without a new epoch',
    alert: 'PaxyoDatabaseBehindClients',
    severity: 'ticket',
    ...under(pageAhead(), WITHOUT_NEW_EPOCH),
    runbook: 'after a restore: `npx paxyo epoch rotate`',
  },
]
