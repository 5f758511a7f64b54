import { connect } from 'node:net'
import type { Random } from '../../chaos/random.ts'
import { repeatAttempt, type AttackOptions, type AttackResult } from './attack.ts'

const CONCURRENT_MAX = 20
/** A server that neither responds nor disconnects within this time holds the connection. It has half a minute for a head. */
const SILENCE_MS_MAX = 45_000

/** Requests that no client sends: wrong lines, heads, lengths, encodings and bodies. */
export function attackWithRawHttp(options: AttackOptions): Promise<AttackResult> {
  const { target, random } = options
  return repeatAttempt('raw HTTP', CONCURRENT_MAX, options, async (tally) => {
    const url = random.chance(0.7) ? target.ingestUrl : target.gatewayUrl
    const request = makeRequest(random)
    const response = await send(url, request)
    const status = /^HTTP\/1\.1 (\d{3})/.exec(response)?.[1] ?? 'disconnected'
    tally.count(status)
    const shown = JSON.stringify(request.subarray(0, 300).toString('latin1'))
    if (status.startsWith('5') && status !== '503') tally.violated(`${status} for ${shown}`)
    // Nothing here has a key or a token.
    if (status.startsWith('2') && /\/v1\/|POST \/webhooks/.test(shown)) tally.violated(`${status} for ${shown}`)
    if (response === 'silent') tally.violated(`no response to ${shown}`)
  })
}

const PATHS = [
  '/v1/orders',
  '/v1/accounts/u/deposits',
  '/webhooks/godofpanel',
  '/webhooks/x/y',
  '/ws',
  '/stream',
  '/openapi.json',
]
const ODD_PATHS = [
  '/../../etc/passwd',
  '/%',
  '/%00',
  '/v1/orders/%ff',
  '//v1/orders',
  `/${'a'.repeat(9_000)}`,
  '*',
  'http://x/v1/orders',
]
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'CONNECT', 'get', 'PO ST', '']
const HEADERS = [
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Length: 5\r\nContent-Length: 6',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nContent-Length: 3',
  'Transfer-Encoding: gzip, chunked',
  'Content-Encoding: gzip',
  'Content-Type: application/json',
  'Content-Type: application/json; charset=\0',
  'Content-Type: multipart/form-data; boundary=',
  'Authorization: Bearer',
  'Authorization: Bearer \u00ff\u00fe',
  'Authorization: Basic Og==',
  'Idempotency-Key: ' + 'k'.repeat(300),
  'Expect: 100-continue',
  'Upgrade: websocket\r\nConnection: Upgrade',
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x',
  'Host: another',
  'X-Forwarded-For: ' + '1.2.3.4, '.repeat(500),
  'Cookie: ' + 'a=b; '.repeat(2_000),
  'No colon',
  ' folded',
]
const BODIES = [
  '',
  '{}',
  '{"orders":',
  '[[[[[[[[[[',
  '\0\0\0\0\0',
  'a=b&c',
  '5\r\nhello\r\n0\r\n\r\n',
  'ffffffffffff\r\n',
  '\u001f\u008b\b\0',
]

function makeRequest(random: Random): Buffer {
  if (random.chance(0.05)) return bytes(random, 200)
  const path = random.pick(random.chance(0.7) ? PATHS : ODD_PATHS)
  const host = random.chance(0.9) ? ['Host: localhost'] : []
  const headers = Array.from({ length: random.below(4) }, () => random.pick(HEADERS))
  const head = [
    `${random.pick(METHODS)} ${path} HTTP/${random.pick(['1.1', '1.1', '1.1', '1.0', '2.0', ''])}`,
    ...host,
    ...headers,
  ]
  // Disconnects after each request.
  const text = `${head.join('\r\n')}\r\nConnection: close\r\n\r\n${random.pick(BODIES)}`
  const request = Buffer.from(text, 'latin1')
  return random.chance(0.1) ? Buffer.concat([request, bytes(random, 50)]) : request
}

const bytes = (random: Random, max: number): Buffer =>
  Buffer.from(Array.from({ length: 1 + random.below(max) }, () => random.below(256)))

/** Sends a request, and no more after it. @returns the response; empty when the server disconnects without one. */
function send(url: string, request: Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.end(request))
    socket.setTimeout(SILENCE_MS_MAX, () => {
      socket.destroy()
      resolve('silent')
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}
