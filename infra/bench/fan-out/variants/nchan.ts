import { fileURLToPath } from 'node:url'
import { connectRawPublisher } from './raw-publisher.ts'
import { connectSeveral } from './several-publishers.ts'
import { eventText, type FanOutVariant, type Publisher } from './variant.ts'

/** nginx with Nchan, with events published by HTTP requests. A client is live as soon as its socket is open, without a token. */
export const nchan: FanOutVariant = {
  name: 'Nchan',
  script: fileURLToPath(new URL('nchan-server.ts', import.meta.url)),
  path: '/subscribe/',
  isUserInPath: true,
  hello: () => '',
  classify: () => 'event',
  pong: '',
  toMessage: (userId, seq) => ({ channel: userId, message: eventText(seq) }),
  inFlightMax: 4_000,
  connectPublisher: (port) => connectSeveral(() => connectOne(port)),
}

/** Sends a request for each message, without waiting for responses. */
const connectOne = (port: number): Promise<Publisher> =>
  connectRawPublisher({ hostname: '127.0.0.1', port }, (socket, channel, message) => {
    const head = `POST /publish/${channel} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${Buffer.byteLength(message)}`
    socket.write(`${head}\r\n\r\n${message.toString()}`)
  })
