import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { connectSeveral } from './several-publishers.ts'
import { eventText, JWT_SECRET, type FanOutVariant, type Publisher } from './variant.ts'

const NEW_LINE = 0x0a

/**
 * Centrifugo, with events published through its HTTP API. Its JSON protocol puts several messages into a frame, one on
 * each line; an empty object is a ping, and also the response to it.
 */
export const centrifugo: FanOutVariant = {
  name: 'Centrifugo',
  script: fileURLToPath(new URL('centrifugo-server.ts', import.meta.url)),
  path: '/connection/websocket',
  hello(token) {
    const { sub } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { sub: string }
    return `${JSON.stringify({ id: 1, connect: { token } })}\n${JSON.stringify({ id: 2, subscribe: { channel: sub } })}`
  },
  split(payload) {
    const messages: Buffer[] = []
    for (let start = 0; start < payload.length;) {
      const end = payload.indexOf(NEW_LINE, start)
      messages.push(payload.subarray(start, end === -1 ? payload.length : end))
      start = end === -1 ? payload.length : end + 1
    }
    return messages
  },
  classify(message) {
    const head = message.toString('latin1', 0, 24)
    if (head.startsWith('{}')) return 'ping'
    if (head.startsWith('{"push"')) return 'event'
    return head.startsWith('{"id":2,"subscribe"') ? 'live' : 'other'
  },
  pong: '{}',
  toMessage: (userId, seq) => ({ channel: userId, message: eventText(seq) }),
  inFlightMax: 4_000,
  connectPublisher: (port) => connectSeveral(() => connectOne(port)),
}

/** Messages of one turn of the event loop are one batch. */
async function connectOne(port: number): Promise<Publisher> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.resume()
  let commands: string[] = []
  const send = (): void => {
    const body = `{"parallel":true,"commands":[${commands.join(',')}]}`
    commands = []
    socket.write(
      `POST /api/batch HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: ${JWT_SECRET}\r\n` +
        `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }
  return {
    publish(channel, message) {
      if (commands.length === 0) setImmediate(send)
      commands.push(`{"publish":{"channel":"${channel}","data":${message.toString()}}}`)
    },
    close: () => socket.destroy(),
  }
}
