import { connectSocket, createTestIssuer, freePort, mintToken, TEST_JWT_SECRET } from '@paxyo/testkit'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Arena } from '../arena.ts'
import { gatewayOf, repeating, under, type Breakage, type Scenario } from './scenario.ts'

const NEW_SECRET = 'the-new-secret-of-the-panel-of-32-bytes-or-more'
const ADDRESSES = 250

/** Pages of many users. Each has another address, because one with too many invalid tokens is throttled. */
const PAGES = repeating(async (arena, index) => {
  const page = await connectSocket(gatewayOf(arena), {
    token: await mintToken(`G-user-${index}`, { secret: NEW_SECRET }),
    localAddress: `127.1.0.${1 + (index % ADDRESSES)}`,
  })
  page.socket.once('message', () => page.close())
})

/** A token must lead to a welcome. */
async function signIn(url: string, token: string): Promise<void> {
  const page = await connectSocket(url, { token })
  await page.next('welcome')
  page.close()
}

/** The pages are enough to break it; gateways that have their secret, too, repair it. */
const WITH_NEW_SECRET: Breakage = {
  break: async () => undefined,
  async repair(arena) {
    for (const gateway of arena.gateways) {
      await gateway.kill()
      await gateway.start({ JWT_SECRETS: `${NEW_SECRET},${TEST_JWT_SECRET}` })
    }
    await signIn(gatewayOf(arena), await mintToken('user-1', { secret: NEW_SECRET }))
  },
}

/** Breaks by a gateway that starts while the server of the keys is away. */
function withoutKeys(): Breakage {
  const issuer = createTestIssuer()
  const keyServer: Server = createServer((_request, response) => response.end(JSON.stringify(issuer.jwks)))
  let port: number
  const urlOf = ({ gateways }: Arena): string => gateways[1]!.process!.url
  return {
    async break(arena) {
      port = await freePort()
      await arena.gateways[1]!.kill()
      await arena.gateways[1]!.start({ JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks` })
      const page = await connectSocket(urlOf(arena), { token: await issuer.mintToken('user-1') })
      await page.closed()
    },
    async repair(arena) {
      await once(keyServer.listen(port, '127.0.0.1'), 'listening')
      await signIn(urlOf(arena), await issuer.mintToken('user-1'))
    },
    async cleanUp({ gateways }) {
      await gateways[1]!.kill()
      await gateways[1]!.start()
      keyServer.closeAllConnections()
      keyServer.close()
    },
  }
}

/** What tokens are verified with. */
export const TOKENS: readonly Scenario[] = [
  {
    what: 'the panel signs tokens with a secret that the gateways do not have',
    alert: 'PaxyoTokensRejected',
    severity: 'ticket',
    ...under(PAGES, WITH_NEW_SECRET),
    runbook: 'put the secret that the panel signs with into `JWT_SECRETS`',
  },
  {
    what: 'a gateway starts while the server of the keys is away',
    alert: 'PaxyoKeyServerUnavailable',
    severity: 'page',
    ...withoutKeys(),
    runbook: 'restore the server of the keys',
  },
]
