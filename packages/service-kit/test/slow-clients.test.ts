import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { createHttpServer } from '../src/http-server.ts'

// A client that sends or reads slowly loses its connection, with short time-outs here.

let app: FastifyInstance
let clients: Socket[]
beforeEach(async () => {
  clients = []
  app = createHttpServer({
    log: pino({ level: 'silent' }),
    trustProxy: false,
    timeouts: { headersMs: 300, requestMs: 600, silenceMs: 1_000, checkIntervalMs: 50 },
  })
  app.post('/echo', (request) => request.body)
  // More than the buffers between two sockets of one machine.
  app.get('/large', () => 'x'.repeat(64 * 1024 * 1024))
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  await app.close()
})

function open(bytes: string): Socket {
  const { port } = app.server.address() as { port: number }
  const client = connect(port, '127.0.0.1')
  clients.push(client)
  client.write(bytes)
  return client
}

test.each([
  ['its headers', 'POST /echo HTTP/1.1\r\nhost: a\r\n'],
  ['its body', 'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n"'],
])('a client that does not finish %s gets 408', async (_what, bytes) => {
  expect(await text(open(bytes))).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timed_out"/)
})

test('a client that sends a byte now and then has no more time', async () => {
  const client = open('POST /echo HTTP/1.1\r\nhost: a\r\n')
  let response = ''
  client.on('data', (chunk: Buffer) => (response += chunk.toString()))
  // It may write to a connection that is closed already.
  client.on('error', () => undefined)
  const drip = setInterval(() => client.write('x'), 20)
  await new Promise((resolve) => client.once('close', resolve))
  clearInterval(drip)
  expect(response).toMatch(/^HTTP\/1\.1 408 /)
})

test('a client that does not read its response loses its connection', async () => {
  const accepted = once(app.server, 'connection') as Promise<[Socket]>
  open('GET /large HTTP/1.1\r\nhost: a\r\n\r\n')
  const [socket] = await accepted
  await once(socket, 'close')
  expect(socket.destroyed).toBe(true)
})
