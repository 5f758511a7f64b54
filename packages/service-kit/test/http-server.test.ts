import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { problemSchema } from '@paxyo/contracts'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { createHttpServer, sendProblem } from '../src/http-server.ts'

let app: FastifyInstance
let log: Record<string, unknown>[]
beforeEach(() => {
  app = createApp(false)
})
afterEach(() => app.close())

function createApp(trustProxy: boolean | string): FastifyInstance {
  log = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(JSON.parse(line) as never) })
  const server = createHttpServer({ log: logger, trustProxy })
  server.post('/echo', (request) => request.body)
  server.get('/address', (request) => request.ip)
  server.get('/orders/:id', (request) => request.params)
  server.get('/teapot', (_request, reply) => sendProblem(reply, 'order_conflict', 'A-1 is another order'))
  server.get('/long-detail', (_request, reply) => sendProblem(reply, 'validation_failed', 'x'.repeat(1_000_000)))
  server.get('/bug', () => {
    throw new Error('the password is hunter2')
  })
  server.get('/async-bug', () => Promise.reject(new Error('the password is hunter2')))
  server.get('/rejection', () => {
    throw Object.assign(new Error('hunter2 is not allowed'), { statusCode: 400 })
  })
  return server
}

const post = (payload: string | Buffer, type = 'application/json') =>
  app.inject({ method: 'POST', url: '/echo', headers: { 'content-type': type }, payload })

function expectProblem(response: LightMyRequestResponse, status: number, code: string): void {
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(problemSchema.parse(response.json())).toMatchObject({ status, code, type: `urn:paxyo:error:${code}` })
  expect(response.statusCode).toBe(status)
}

describe('an error is answered as application/problem+json:', () => {
  test.each<[string, () => Promise<LightMyRequestResponse>, number, string]>([
    ['an unknown address', () => app.inject('/nowhere'), 404, 'not_found'],
    ['another method', () => app.inject({ method: 'DELETE', url: '/echo' }), 404, 'not_found'],
    ['an address that cannot be decoded', () => app.inject('/orders/%zz'), 404, 'not_found'],
    ['a body over 64 KiB', () => post(`"${'x'.repeat(64 * 1024)}"`), 413, 'body_too_large'],
    ['another media type', () => post('<order/>', 'text/xml'), 415, 'unsupported_media_type'],
    ['a media type that is none', () => post('{}', 'json'), 415, 'unsupported_media_type'],
    ['malformed JSON', () => post('{"order_id": 1'), 400, 'malformed_json'],
    ['no JSON at all', () => post(''), 400, 'malformed_json'],
    ['JSON in Latin-1', () => post(Buffer.from('{"userId":"Jürgen"}', 'latin1')), 400, 'malformed_json'],
    ['JSON that would change prototypes', () => post('{"__proto__": {"admin": true}}'), 400, 'malformed_json'],
    ['a rejection by a plug-in', () => app.inject('/rejection'), 400, 'validation_failed'],
    ['a bug', () => app.inject('/bug'), 500, 'internal_error'],
    ['a bug in a promise', () => app.inject('/async-bug'), 500, 'internal_error'],
  ])('%s', async (_what, request, status, code) => {
    const response = await request()

    expectProblem(response, status, code)
    expect(response.body).not.toMatch(/hunter2/)
  })

  test('one of ours, with its detail', async () => {
    const response = await app.inject('/teapot')

    expectProblem(response, 409, 'order_conflict')
    expect(response.json().detail).toBe('A-1 is another order')
  })

  test.each(['unauthorized', 'sign_in_failed', 'code_required'] as const)(
    '%s, with the challenge of a 401',
    async (code) => {
      app.get(`/${code}`, (_request, reply) => sendProblem(reply, code))
      const response = await app.inject(`/${code}`)

      expectProblem(response, 401, code)
      expect(response.headers['www-authenticate']).toBe('Bearer')
    },
  )
})

test('a bug is logged with its route, and nothing else is', async () => {
  await app.inject('/orders/secret-token')
  await app.inject('/nowhere')
  await app.inject('/orders/%zz-secret-token')
  expect(log).toEqual([])

  await app.inject('/bug')
  expect(log).toMatchObject([{ msg: 'request failed', route: '/bug', err: { message: 'the password is hunter2' } }])
})

test('a server without WebSockets answers a request that wants one', async () => {
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET /address HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n')
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 /)
})

test.each([
  ['a method that no route can have', 'QUERY /address HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n', 400],
  ['two hosts', 'GET /address HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n', 400],
  ['no host', 'GET /address HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
])('%s is a problem of the client', async (_what, head, status) => {
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(head)
  expect(await text(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})

test('a detail that quotes a request is cut', async () => {
  const response = await app.inject('/long-detail')
  expect(response.json().detail).toHaveLength(1_000)
})

test('a body of 64 KiB is taken', async () => {
  const body = `"${'x'.repeat(64 * 1024 - 2)}"`

  expect((await post(body)).statusCode).toBe(200)
})

test('an identifier of any length reaches its route, whose schema says what is wrong with it', async () => {
  const id = 'x'.repeat(8_000)

  expect((await app.inject(`/orders/${id}`)).json()).toEqual({ id })
})

describe('the address of a client', () => {
  const addressOf = async (trustProxy: boolean | string, forwardedFor: string): Promise<string> => {
    await app.close()
    app = createApp(trustProxy)
    return (await app.inject({ url: '/address', headers: { 'x-forwarded-for': forwardedFor } })).body
  }

  test.each([
    ['nobody is believed', false, '127.0.0.1'],
    ['everybody is believed', true, '198.51.100.1'],
    ['the proxies of our networks are believed', '127.0.0.0/8, 203.0.113.0/24', '198.51.100.2'],
    ['the proxies of other networks are believed', '10.0.0.0/8', '127.0.0.1'],
  ])('when %s', async (_when, trustProxy, expected) => {
    expect(await addressOf(trustProxy, '198.51.100.1, 198.51.100.2, 203.0.113.9')).toBe(expected)
  })

  test.each([
    [true, true],
    [false, false],
    ['10.0.0.0/8', false],
  ])('with TRUST_PROXY=%s logs a warning at start: %s', async (trustProxy, isWarned) => {
    await addressOf(trustProxy, '198.51.100.1')
    expect(log.some(({ msg }) => msg === 'every proxy trusted')).toBe(isWarned)
  })
})

describe('what never becomes a request is answered in kind, and not logged:', () => {
  test.each([
    ['no HTTP at all', 'hello?', 400, 'malformed_request'],
    ['two hosts', 'GET /address HTTP/1.1\r\nhost: a\r\nHOST: b\r\nconnection: close', 400, 'malformed_request'],
    ['a header that is none', 'POST /secret-token HTTP/1.1\r\nhost: a\r\nnonsense', 400, 'malformed_request'],
    ['endless headers', `POST /secret-token HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}`, 431, 'headers_too_large'],
    ['an endless address', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: a`, 431, 'headers_too_large'],
  ])('%s', async (_what, request, status, code) => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    log = []
    const { port } = app.server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    socket.write(`${request}\r\n\r\n`)

    const [head, body] = (await text(socket)).split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*application/problem\\+json`))
    expect(problemSchema.parse(JSON.parse(body!))).toMatchObject({ status, code })
    expect(log).toEqual([])
  })
})
