import { fileURLToPath } from 'node:url'
import { eventText, type FanOutVariant } from './variant.ts'
import { wsGateway } from './ws-gateway.ts'

/** `ws` and ioredis, as one would write it in an afternoon. It speaks our wire, without what the wire promises. */
export const wsByHand: FanOutVariant = {
  ...wsGateway,
  name: 'ws by hand',
  script: fileURLToPath(new URL('ws-by-hand-server.ts', import.meta.url)),
  toMessage: (userId, seq) => ({ channel: `by-hand:${userId}`, message: eventText(seq) }),
}
