import { Emitter } from '@socket.io/redis-emitter'
import { fileURLToPath } from 'node:url'
import { eventText, type FanOutVariant } from './variant.ts'

let published: { channel: string; message: Buffer } | undefined
// Socket.IO's own way to emit from another process. In place of a Redis client it gets an object that stores the message.
const emitter = new Emitter({
  publish(channel: string, message: Buffer) {
    published = { channel, message }
  },
})

/** Socket.IO 4 with its Redis adapter: Engine.IO's packet types come first in a frame, then Socket.IO's. */
export const socketIo: FanOutVariant = {
  name: 'Socket.IO',
  script: fileURLToPath(new URL('socket-io-server.ts', import.meta.url)),
  path: '/socket.io/?EIO=4&transport=websocket',
  hello: (token) => `40${JSON.stringify({ token })}`,
  classify(payload) {
    const [first, second] = [String.fromCharCode(payload[0]!), String.fromCharCode(payload[1] ?? 0)]
    if (first === '2') return 'ping'
    if (first !== '4') return 'other'
    return second === '2' ? 'event' : second === '0' ? 'live' : 'other'
  },
  pong: '3',
  toMessage(userId, seq) {
    emitter.to(userId).emit('event', JSON.parse(eventText(seq)))
    return published!
  },
}
