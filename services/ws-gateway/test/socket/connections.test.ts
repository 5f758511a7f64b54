import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import type { FastifyRequest } from 'fastify'
import { pino } from 'pino'
import { createGatewayMetrics } from '../../src/observe/metrics.ts'
import { createConnections, type Connections } from '../../src/socket/connections.ts'
import { DEFAULT_LIMITS } from '../../src/socket/limits.ts'
import type { Transport } from '../../src/socket/transport.ts'

const HOUR_MS = 3_600_000
/** Until the deadlines of all connections have been looked at. */
const ROUND_MS = 2_000

let connections: Connections
let closed: string[]
beforeEach(() => {
  jest.useFakeTimers()
  closed = []
  connections = createConnections({
    hub: {} as never,
    orderReader: {} as never,
    verifyToken: async () => 'invalid_token',
    limits: DEFAULT_LIMITS,
    allowedOrigins: [],
    log: pino({ level: 'silent' }),
    metrics: createGatewayMetrics(() => ({}) as never),
    onSeen: () => undefined,
    isTokenRevoked: async () => false,
  })
})
afterEach(async () => {
  await connections.drain(0)
  jest.useRealTimers()
})

const transport: Transport = {
  kind: 'websocket',
  unreadBytes: 0,
  send: () => 0,
  cork: () => undefined,
  uncork: () => undefined,
  close: (reason) => closed.push(reason),
  abort: () => closed.push('abort'),
}
const accept = (to = transport) => connections.accept(to, { ip: '127.0.0.1', headers: {} } as FastifyRequest)

test('a handshake that was admitted before the drain, and ends during or after it, opens no connection', async () => {
  await connections.drain(0)

  expect(accept()).toBeUndefined()
  expect(closed).toEqual(['draining'])
})

test('a client with an HTTP stream has time to open another one between its drain and the end', () => {
  const sent: unknown[] = []
  accept({ ...transport, kind: 'stream', send: (payload) => sent.push(JSON.parse(payload.toString())) })
  void connections.drain(100)

  expect(sent).toEqual([{ type: 'drain', retryAfterMs: 0 }])
  expect(closed).toEqual([])
})

test('a deadline passes in time though the clock is set back', () => {
  accept()
  jest.setSystemTime(Date.now() - HOUR_MS)
  jest.advanceTimersByTime(DEFAULT_LIMITS.helloTimeoutMs + ROUND_MS)

  expect(closed).toEqual(['hello_timeout'])
})

test('no deadline passes because the clock is set forward', () => {
  accept()
  jest.setSystemTime(Date.now() + HOUR_MS)
  jest.advanceTimersByTime(ROUND_MS)

  expect(closed).toEqual([])
})

test('a client can send as much as before when the clock was set back', () => {
  const { connection } = accept()!
  for (let second = 0; second < 3; second += 1) {
    for (let sent = 0; sent < DEFAULT_LIMITS.messagesPerSecondMax; sent += 1) connection.receive('{"type":"pong"}')
    jest.setSystemTime(Date.now() - HOUR_MS)
    jest.advanceTimersByTime(1_000)
  }

  expect(closed).toEqual([])
})
