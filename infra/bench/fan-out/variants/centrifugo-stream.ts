import { connectRawPublisher } from './raw-publisher.ts'
import { centrifugo } from './centrifugo.ts'
import type { FanOutVariant, Publisher } from './variant.ts'

const STREAM = 'bench-events'
/** Of entries; Centrifugo acknowledges and does not delete them. */
const LENGTH_MAX = '100000'

/** Centrifugo, with events that it consumes from a Redis stream. */
export const centrifugoStream: FanOutVariant = {
  ...centrifugo,
  name: 'Centrifugo, Redis stream',
  env: { CENTRIFUGO_STREAM: STREAM },
  connectPublisher: (_port, redisUrl) => connectStream(redisUrl),
}

const connectStream = (url: string): Promise<Publisher> =>
  connectRawPublisher(new URL(url), (socket, channel, message) => {
    const words = ['XADD', STREAM, 'MAXLEN', '~', LENGTH_MAX, '*', 'centrifugo-channels', channel, 'payload', message]
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word.toString()}\r\n`)
    socket.write(`*${parts.length}\r\n${parts.join('')}`)
  })
