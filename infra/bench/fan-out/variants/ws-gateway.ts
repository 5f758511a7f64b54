import { userChannel } from '@paxyo/contracts'
import { fileURLToPath } from 'node:url'
import { openRawStream } from '../../load/raw-stream.ts'
import { eventText, JWT_SECRET, type FanOutVariant } from './variant.ts'

export const CHANNEL_PREFIX = 'bench:'
const STREAM_CHANNEL_PREFIX = 'bench-stream:'

/** A gateway's configuration. */
export const gatewayEnv = (databaseUrl: string, redisUrl: string): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  REDIS_URL: redisUrl,
  CHANNEL_PREFIX,
  JWT_SECRETS: JWT_SECRET,
  LOG_LEVEL: 'warn',
  // The other variants accept any number at once.
  HANDSHAKES_PER_SECOND_MAX: '100000',
})

const TYPE_AT = '{"type":"'.length

/** Ours. A frame begins with its type. */
export const wsGateway: FanOutVariant = {
  name: 'ws-gateway',
  script: fileURLToPath(new URL('../../../../services/ws-gateway/src/main.ts', import.meta.url)),
  path: '/ws',
  hello: (token, resume) => JSON.stringify({ type: 'hello', token, resume }),
  classify(payload) {
    switch (String.fromCharCode(payload[TYPE_AT]!)) {
      case 'e':
        // After an error the server closes the connection.
        return payload[TYPE_AT + 1] === 'v'.charCodeAt(0) ? 'event' : 'other'
      case 'w':
        return 'live'
      case 'p':
        return 'ping'
      default:
        return 'other'
    }
  },
  pong: '{"type":"pong"}',
  toMessage: (userId, seq) => ({ channel: CHANNEL_PREFIX + userChannel(userId), message: eventText(seq) }),
}

/** The same service, for clients whose network blocks WebSockets. */
export const postStream: FanOutVariant = {
  ...wsGateway,
  name: 'POST /stream',
  // The same users are connected to both, and a seq is forwarded once.
  env: { CHANNEL_PREFIX: STREAM_CHANNEL_PREFIX },
  path: '/stream',
  open: openRawStream,
  toMessage: (userId, seq) => ({ channel: STREAM_CHANNEL_PREFIX + userChannel(userId), message: eventText(seq) }),
}
