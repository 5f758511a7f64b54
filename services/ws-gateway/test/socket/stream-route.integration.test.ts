import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectStream, eventually, mintToken } from '@paxyo/testkit'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Registry } from 'prom-client'
import { PAGE_ORIGIN, startGateway, type GatewayFixture } from '../gateway-fixture.ts'

const CONNECTIONS_MAX = 2
const BLOCK_BYTES = 4096
const LARGE_EVENT = { linkLength: 64 * 1024 }

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway({
    trustProxy: true,
    limits: {
      connectionsPerUserMax: CONNECTIONS_MAX,
      connectionsPerAddressMax: CONNECTIONS_MAX,
      pingIntervalMs: 1_000,
      pongTimeoutMs: 1,
      unreadBytesPerConnectionMax: 256 * 1024,
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

const metrics = async (): Promise<string> => {
  const registry = new Registry()
  gateway.gateway.addMetrics(registry)
  return registry.metrics()
}

describe('a stream', () => {
  test('begins with the welcome and goes on with every event, as a WebSocket does, byte for byte', async () => {
    await gateway.ingest.openAccount('ann')
    const [stream, socket] = [await gateway.stream('ann'), await gateway.connect('ann')]
    await Promise.all([stream.next('welcome'), socket.next('welcome')])
    const committed = await gateway.ingest.commitAndPublish('ann', 3)
    await Promise.all([stream, socket].map((client) => client.next('event', ({ seq }) => seq === 3)))

    expect(stream.frames).toEqual(socket.frames)
    expect(stream.frames.slice(1)).toEqual(committed.map(({ payload }) => payload))
    expect(await metrics()).toMatch(/paxyo_gateway_connections 2\n[^]*paxyo_gateway_streams 1\n/)
  })

  test('resumes from a position, and gets what was missed, once and in order', async () => {
    await gateway.ingest.openAccount('back')
    const first = await gateway.stream('back')
    const { epoch } = await first.next('welcome')
    await gateway.ingest.commitAndPublish('back')
    await first.next('event')
    first.close()
    await gateway.ingest.commitAndPublish('back', 2)
    const second = await gateway.stream('back', { resume: { epoch, seq: 1 } })
    // Lost on the bus.
    await gateway.ingest.commit('back')
    await gateway.ingest.commitAndPublish('back')

    await second.next('event', ({ seq }) => seq === 5)
    expect(await second.next('welcome')).toMatchObject({ mode: 'resumed', seq: 1 })
    expect(second.events().map(({ seq }) => seq)).toEqual([2, 3, 4, 5])
  })

  test('handles the messages that follow hello in the body, once it has begun', async () => {
    await gateway.ingest.openAccount('chatty')
    const lines = [
      { type: 'hello', token: await mintToken('chatty') },
      { type: 'unknown' },
      { type: 'refresh', token: '?' },
    ]
    const stream = await gateway.stream('chatty', { body: `${lines.map((line) => JSON.stringify(line)).join('\n')}\n` })
    expect(await stream.next('error')).toMatchObject({ code: 'invalid_token', request: 'refresh' })
    await gateway.ingest.commitAndPublish('chatty')
    await stream.next('event')
    expect(stream.messages.map(({ type }) => type)).toEqual(['welcome', 'error', 'event'])
  })

  test('is pinged, and does not end because a client that cannot send does not confirm pings', async () => {
    const stream = await gateway.stream('pinged')
    await eventually(() => stream.pings >= 3)
    await gateway.ingest.openAccount('pinged')
    await gateway.ingest.commitAndPublish('pinged')
    expect(await stream.next('event')).toMatchObject({ seq: 1 })
  })

  test('that is closed by its client is no longer counted, and another one gets in', async () => {
    const held = [await gateway.stream('many'), await gateway.stream('many')]
    const third = await gateway.stream('many')
    expect(await third.closed()).toEqual({ code: 4008, reason: 'connection_limit' })
    held[0]!.close()
    await eventually(async () => (await gateway.stream('many')).next('welcome', undefined, 500))
  })

  test('can be read by curl, which sends a form, and by a page without a preflight', async () => {
    const contentTypes = ['application/x-www-form-urlencoded', 'application/json', 'text/plain;charset=UTF-8']
    for (const type of contentTypes) {
      const stream = await gateway.stream(`by ${type}`, { headers: { 'content-type': type } })
      await stream.next('welcome')
      expect(stream.response.headers).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      })
    }
  })

  test('of a client that does not read is ended, and the client resumes', async () => {
    await gateway.ingest.openAccount('slow')
    const stream = await gateway.stream('slow')
    const { epoch } = await stream.next('welcome')
    stream.response.pause()
    let seq = 0
    await eventually(async () => {
      await gateway.ingest.commitAndPublish('slow', 1, LARGE_EVENT)
      seq += 1
      return (await metrics()).includes('reason="slow_consumer"} 1')
    }, 30_000)
    await gateway.ingest.commitAndPublish('slow')
    seq += 1
    stream.response.resume()
    expect(await stream.closed()).toEqual({ code: 4001, reason: 'slow_consumer' })
    const received = await eventually(() => stream.response.closed && stream.events().length)
    expect(received).toBeLessThan(seq)
    const again = await gateway.stream('slow', { resume: { epoch, seq: received } })
    await again.next('event', (event) => event.seq === seq)
    expect(again.events().map((event) => event.seq)).toEqual(
      Array.from({ length: seq - received }, (_, index) => received + index + 1),
    )
  })

  test('is padded when the client asks: a proxy that keeps a block back has passed on each message', async () => {
    await gateway.ingest.openAccount('padded')
    const stream = await gateway.stream('padded', { query: '?padding=on' })
    await stream.next('welcome')
    for (let count = 0; count < 3; count += 1) {
      const before = stream.bytes()
      await gateway.ingest.commitAndPublish('padded')
      await stream.next('event')
      await eventually(() => stream.bytes() >= before + BLOCK_BYTES)
    }
    expect(stream.events()).toHaveLength(3)
  })
})

describe('a page', () => {
  test('of an allowed origin may read its stream', async () => {
    const stream = await gateway.stream('page', { origin: PAGE_ORIGIN })
    expect(await stream.next('welcome')).toMatchObject({ userId: 'page' })
    expect(stream.response.headers).toMatchObject({ 'access-control-allow-origin': PAGE_ORIGIN, vary: 'origin' })
  })

  test('may send any content type, after a preflight', async () => {
    const headers = { origin: PAGE_ORIGIN, 'access-control-request-method': 'POST' }
    const response = await fetch(`${gateway.url}/stream`, { method: 'OPTIONS', headers })
    expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': PAGE_ORIGIN,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type',
      },
    ])
  })

  test.each(['POST', 'OPTIONS'])('of another origin may not %s, and can read why', async (method) => {
    const headers = { origin: 'https://evil.example' }
    const response = await fetch(`${gateway.url}/stream`, { method, headers })
    expect(response.status).toBe(403)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({ code: 'origin_not_allowed' })
  })
})

describe('it ends with the close code of the contract', () => {
  test.each([
    ['a token that is none', async () => ({ token: 'nonsense' }), 4500, 'invalid_token'],
    ['an expired token', async () => ({ token: await mintToken('u', { expiresInS: -90 }) }), 4004, 'token_expired'],
    ['no JSON', async () => ({ body: '{"type":' }), 4501, 'protocol_error'],
    ['bytes that are not UTF-8', async () => ({ body: Buffer.from([0xff]) }), 4501, 'protocol_error'],
    ['no body', async () => ({ body: '' }), 4501, 'protocol_error'],
    ['another message', async () => ({ body: '{"type":"refresh","token":"t"}' }), 4501, 'protocol_error'],
  ])('%s', async (_name, options, code, reason) => {
    const stream = await connectStream(gateway.url, await options())
    expect(await stream.closed()).toEqual({ code, reason })
    expect(stream.messages).toEqual([{ type: 'error', code: reason, message: expect.any(String) }])
    expect(await eventually(() => stream.response.complete)).toBe(true)
  })

  test('too many connections of an address', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' }
    const held = [await gateway.stream('a', { headers }), await gateway.stream('b', { headers })]
    const third = await gateway.stream('c', { headers })
    expect(await third.closed()).toEqual({ code: 4008, reason: 'connection_limit' })
    for (const stream of held) stream.close()
  })
})

describe('a client that is gone takes no place', () => {
  const EMPTY = 'POST /stream HTTP/1.1\r\nhost: a\r\n\r\n'
  let gone: GatewayFixture
  beforeAll(async () => {
    gone = await startGateway()
  })
  afterAll(async () => {
    await gone[Symbol.asyncDispose]()
  })
  async function open(): Promise<Socket> {
    const { hostname, port } = new URL(gone.url)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return socket
  }

  test('when it has left before the turn of its request', async () => {
    const [busy, leaving] = [await open(), await open()]
    busy.resume()
    // Requests of an address begin one after the other, a few in each iteration of the event loop.
    busy.write('GET /livez HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(800))
    leaving.write(EMPTY)
    leaving.destroy()
    await (await fetch(`${gone.url}/livez`)).text()
    busy.destroy()
    expect(gone.gateway.connectionCount).toBe(0)
  })

  test('when it has sent a second request on the connection of a stream', async () => {
    const body = JSON.stringify({ type: 'hello', token: await mintToken('u') })
    const socket = await open()
    socket.write(`POST /stream HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    await eventually(() => gone.gateway.connectionCount === 1)
    socket.resume().write(EMPTY)
    await once(socket, 'close')
    await eventually(() => gone.gateway.connectionCount === 0)
    expect(socket.destroyed).toBe(true)
  })
})

test('a body of more than 16 KiB is not read', async () => {
  await expect(gateway.stream('u', { body: 'x'.repeat(16 * 1024 + 1) })).rejects.toThrow('with 413')
})

test('a stream that reaches its maximum age is told so, and stays open until the client has another one', async () => {
  await using aging = await startGateway({ limits: { streamAgeMsMax: 1_000, drainOverlapMs: 2_000 } })
  await aging.ingest.openAccount('old')
  const stream = await aging.stream('old')
  const { epoch } = await stream.next('welcome')
  expect(await stream.next('drain')).toEqual({ type: 'drain', retryAfterMs: 0 })
  const next = await aging.stream('old', { resume: { epoch, seq: 0 } })
  await next.next('welcome')
  await aging.ingest.commitAndPublish('old')
  await Promise.all([stream.next('event'), next.next('event')])
  expect(await stream.closed()).toEqual({ code: 4000, reason: 'draining' })
})

test('a drain reaches streams, too, and new ones are sent elsewhere', async () => {
  await using leaving = await startGateway()
  const stream = await leaving.stream('u')
  await stream.next('welcome')
  const drained = leaving.gateway.close(1_000)
  expect(await stream.next('drain')).toMatchObject({ retryAfterMs: 0 })
  expect(await stream.closed()).toEqual({ code: 4000, reason: 'draining' })
  await expect(leaving.stream('u')).rejects.toThrow('with 503')
  await drained
})

test('handshakes of streams count with those of WebSockets', async () => {
  await using busy = await startGateway({ limits: { handshakesPerSecondMax: 2 } })
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const response = await fetch(`${busy.url}/stream`, {
        method: 'POST',
        body: '{}',
        headers: { origin: PAGE_ORIGIN },
      })
      await response.body?.cancel()
      return [response.status, response.status === 503 ? Number(response.headers.get('retry-after')) > 0 : false]
    }),
  )
  expect(statuses).toContainEqual([200, false])
  expect(statuses).toContainEqual([503, true])
})
