import { connectSocket, mintToken, type TestSocket } from '@paxyo/testkit'
import { gatewayOf, type Breakage } from './scenario.ts'

/** A browser of the user to whom the events of the traffic belong. */
export function browser(): Breakage {
  let client: TestSocket | undefined
  return {
    async break(arena) {
      client = await connectSocket(gatewayOf(arena), { token: await mintToken('user-1') })
      await client.next('welcome')
    },
    async repair() {
      client?.close()
    },
  }
}
