import { fileURLToPath } from 'node:url'
import { eventText, type FanOutVariant } from './variant.ts'
import { wsGateway } from './ws-gateway.ts'

/** `ws` and ioredis, an afternoon's work. It uses our message format without its guarantees. */
export const plainWs: FanOutVariant = {
  ...wsGateway,
  name: 'plain ws',
  script: fileURLToPath(new URL('plain-ws-server.ts', import.meta.url)),
  toMessage: (userId, seq) => ({ channel: `plain-ws:${userId}`, message: eventText(seq) }),
}
