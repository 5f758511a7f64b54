import { connectSocket, mintToken, type TestSocket } from '@paxyo/testkit'
import { sendWebhook } from '../traffic.ts'
import { gatewayOf, repeating, under, type Breakage, type Scenario } from './scenario.ts'

/** Breaks by a right that a role has lost. */
const without = (right: string, table: string, role: string): Breakage => ({
  break: (arena) => arena.sql(`REVOKE ${right} ON ${table} FROM ${role}`),
  repair: (arena) => arena.sql(`GRANT ${right} ON ${table} TO ${role}`),
})

/** Each may ask twice a second. */
const READERS = 5
const ASK_INTERVAL_MS = 600

/** Pages that show older orders. */
function readers(): Breakage {
  let pages: TestSocket[] = []
  const asking = repeating(async () => pages.forEach((page) => page.send({ type: 'page' })), ASK_INTERVAL_MS)
  return {
    async break(arena, monitoring) {
      for (let index = 0; index < READERS; index += 1) {
        const page = await connectSocket(gatewayOf(arena), { token: await mintToken(`G-reader-${index}`) })
        await page.next('welcome')
        pages.push(page)
      }
      await asking.break(arena, monitoring)
    },
    async repair(...system) {
      await asking.repair(...system)
      for (const page of pages) page.close()
      pages = []
    },
  }
}

/** Each ingest deletes at most once a second. */
const UNREADABLE_INTERVAL_MS = 250
const UNREADABLE = repeating(({ ingests }, index) => {
  const { process } = ingests[index % ingests.length]!
  return sendWebhook(process!.url, `{"order_id": ${index}, "status": `)
}, UNREADABLE_INTERVAL_MS)

/** Rights that PostgreSQL does not grant any longer. */
export const RIGHTS: readonly Scenario[] = [
  {
    what: 'gateways may not read orders',
    alert: 'PaxyoOrderRequestsFailing',
    severity: 'ticket',
    ...under(readers(), without('SELECT', 'orders', 'paxyo_gateway')),
    runbook: '`npx paxyo doctor` reports a missing right',
  },
  {
    what: 'webhook-ingest may not delete rejected requests',
    alert: 'PaxyoRejectedRequestsGrowing',
    severity: 'ticket',
    ...under(UNREADABLE, without('DELETE', 'rejected_requests', 'paxyo_ingest')),
    runbook: '`npx paxyo doctor` names the missing right',
  },
]
