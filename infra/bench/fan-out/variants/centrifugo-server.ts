import { spawn } from 'node:child_process'

// Centrifugo 6, the binary that CENTRIFUGO names, with its Redis broker. Any user may subscribe to any channel.

const { CENTRIFUGO, CENTRIFUGO_STREAM, HOST, PORT, REDIS_URL, JWT_SECRETS } = process.env
const redis = new URL(REDIS_URL!).host
/** Reads events from a stream of Redis, when there is one. */
const consumer = {
  name: 'bench',
  type: 'redis_stream',
  enabled: true,
  redis_stream: {
    address: [redis],
    streams: [CENTRIFUGO_STREAM],
    consumer_group: 'bench',
    num_workers: 8,
    publication_data_mode: { enabled: true },
  },
}
const child = spawn(CENTRIFUGO!, [], {
  env: {
    PATH: process.env['PATH'],
    CENTRIFUGO_HTTP_SERVER_ADDRESS: HOST,
    CENTRIFUGO_HTTP_SERVER_PORT: PORT,
    CENTRIFUGO_HTTP_API_KEY: JWT_SECRETS,
    CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY: JWT_SECRETS,
    CENTRIFUGO_CLIENT_ALLOWED_ORIGINS: '*',
    CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_CLIENT: 'true',
    CENTRIFUGO_BROKER_ENABLED: 'true',
    CENTRIFUGO_BROKER_TYPE: 'redis',
    CENTRIFUGO_BROKER_REDIS_ADDRESS: redis,
    CENTRIFUGO_CONSUMERS: JSON.stringify(CENTRIFUGO_STREAM === undefined ? [] : [consumer]),
    CENTRIFUGO_LOG_LEVEL: 'error',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
})
child.once('exit', (code) => process.exit(code ?? 1))
