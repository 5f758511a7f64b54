import { connectSocket, mintToken } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONNECTIONS_MAX, type Arena } from '../arena.ts'
import { startCrowd, type Crowd } from '../crowd.ts'
import { register } from '../traffic.ts'
import { gatewayOf, ingestOf, repeating, type Breakage, type Scenario } from './scenario.ts'

const MANY = CONNECTIONS_MAX - 100
const TOO_MANY = CONNECTIONS_MAX + 20

/** Breaks by so many browsers at one gateway; another gateway repairs it. */
function crowding(count: number): Breakage {
  let crowd: Crowd | undefined
  return {
    async break({ gateways }) {
      crowd = startCrowd(count, () => [gateways[0]!.process?.url])
    },
    async repair({ gateways }) {
      crowd!.urls = () => gateways.map(({ process }) => process?.url)
    },
    async cleanUp() {
      await crowd?.[Symbol.asyncDispose]()
    },
  }
}

const MANY_BROWSERS = crowding(MANY)

const SLOW_USER = 'G-slow'
/** They fill a page, which has at most 256 KiB. */
const ORDERS = 70
/** 3,900 bytes. */
const LONG_LINK = '€'.repeat(1_300)
/** The buffers of the kernel take about twenty. */
const PAGES = 40
const PAGE_INTERVAL_MS = 200
const CLIENT_INTERVAL_MS = 2_000

/** Asks for pages of orders, and reads none of them. */
async function readNothing(arena: Arena): Promise<void> {
  const client = await connectSocket(gatewayOf(arena), { token: await mintToken(SLOW_USER) })
  try {
    await client.next('welcome')
    client.socket.pause()
    for (let page = 0; page < PAGES; page += 1) {
      client.send({ type: 'page', limit: ORDERS })
      await sleep(PAGE_INTERVAL_MS)
    }
  } finally {
    client.close()
  }
}

const SLOW_CLIENTS = repeating(readNothing, CLIENT_INTERVAL_MS)

/** How many clients gateways have, and what these do. */
export const CONNECTIONS: readonly Scenario[] = [
  {
    what: 'most browsers are at one gateway',
    alert: 'PaxyoConnectionsMany',
    severity: 'ticket',
    ...MANY_BROWSERS,
    runbook: 'add gateways, then restart the full one',
    async repair(arena, monitoring) {
      await MANY_BROWSERS.repair(arena, monitoring)
      await arena.gateways[0]!.kill()
      await arena.gateways[0]!.start()
    },
  },
  {
    what: 'a gateway has as many connections as it may have',
    alert: 'PaxyoConnectionsRejected',
    severity: 'ticket',
    ...crowding(TOO_MANY),
    runbook: 'add gateways',
  },
  {
    what: 'clients do not read what they have asked for',
    alert: 'PaxyoSlowClients',
    severity: 'ticket',
    ...SLOW_CLIENTS,
    async break(arena, monitoring) {
      const ids = Array.from({ length: ORDERS }, (_, index) => `${SLOW_USER}-${index}`)
      for (const id of ids) {
        const status = await register(ingestOf(arena), id, SLOW_USER, 'USD', LONG_LINK)
        if (status >= 300) throw new Error(`an order was rejected with ${status}`)
      }
      await SLOW_CLIENTS.break(arena, monitoring)
    },
    runbook: 'Many: nothing; this is intended',
  },
]
