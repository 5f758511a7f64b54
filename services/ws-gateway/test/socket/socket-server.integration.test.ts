import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectSocket, eventually, mintToken } from '@paxyo/testkit'
import { once } from 'node:events'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { PAGE_ORIGIN, startGateway, type GatewayFixture } from '../gateway-fixture.ts'

const CONNECTIONS_MAX = 2
const MESSAGES_PER_SECOND_MAX = 5

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway({
    trustProxy: true,
    limits: {
      // Some connections send nothing during a test.
      helloTimeoutMs: 120_000,
      connectionsPerUserMax: CONNECTIONS_MAX,
      connectionsPerAddressMax: CONNECTIONS_MAX,
      messagesPerSecondMax: MESSAGES_PER_SECOND_MAX,
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

describe('a page', () => {
  test('of an allowed origin may connect', async () => {
    const client = await connectSocket(gateway.url, { origin: PAGE_ORIGIN, token: await mintToken('page') })

    expect(await client.next('welcome')).toMatchObject({ userId: 'page' })
    client.close()
  })

  test.each(['https://evil.example', 'null', `${PAGE_ORIGIN}.evil.example`])('of %s may not', async (origin) => {
    const token = await mintToken('page')

    await expect(connectSocket(gateway.url, { origin, token })).rejects.toThrow('with 403')
  })

  test.each([
    ['https://evil.example', 403, 'origin_not_allowed'],
    [PAGE_ORIGIN, 426, 'upgrade_required'],
  ])('of %s can learn by a fetch why its WebSocket is rejected', async (origin, status, code) => {
    const response = await fetch(`${gateway.url}/ws`, { headers: { origin } })

    expect(response.status).toBe(status)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'cache-control': 'no-store',
      'content-type': expect.stringContaining('application/problem+json'),
    })
    expect(await response.json()).toMatchObject({ status, code })
  })
})

test('what is no page, and so names no origin, may connect', async () => {
  const client = await gateway.connect('no-page')

  expect(await client.next('welcome')).toMatchObject({ userId: 'no-page' })
})

describe('a token', () => {
  test.each([
    ['that is none', () => 'nonsense', 4500, 'invalid_token'],
    ['of another secret', () => mintToken('u', { secret: 'x'.repeat(32) }), 4500, 'invalid_token'],
    ['for another audience', () => mintToken('u', { audience: 'another' }), 4500, 'invalid_token'],
    ['that has expired', () => mintToken('u', { expiresInS: -90 }), 4004, 'token_expired'],
  ])('%s is rejected, and says so before it closes', async (_name, mint, code, reason) => {
    const client = await gateway.connect('u', { token: await mint() })

    expect(await client.closed()).toEqual({ code, reason })
    expect(client.messages).toEqual([{ type: 'error', code: reason, message: expect.any(String) }])
  })
})

describe('the protocol', () => {
  test.each([
    ['garbage', '{"type":'],
    ['no object', '1'],
    ['a message without a type', '{"userId":"somebody-else"}'],
    ['a hello without a token', '{"type":"hello"}'],
    ['a position before the beginning', '{"type":"hello","token":"t","resume":{"epoch":"e","seq":-1}}'],
  ])('does not allow %s', async (_name, frame) => {
    const client = await gateway.open()
    client.send(frame)

    expect(await client.closed()).toEqual({ code: 4501, reason: 'protocol_error' })
  })

  test('does not allow binary frames', async () => {
    const client = await gateway.open()
    client.socket.send(Buffer.from('{"type":"pong"}'), { binary: true })

    expect(await client.closed()).toEqual({ code: 4501, reason: 'protocol_error' })
  })

  test('does not allow a second hello', async () => {
    const client = await gateway.connect('twice')
    await client.next('welcome')
    client.send({ type: 'hello', token: await mintToken('somebody-else') })

    expect(await client.closed()).toEqual({ code: 4501, reason: 'protocol_error' })
  })

  test('does not allow a second hello before the first is answered', async () => {
    const client = await gateway.connect('twice')
    client.send({ type: 'hello', token: await mintToken('somebody-else') })

    expect(await client.closed()).toEqual({ code: 4501, reason: 'protocol_error' })
    expect(client.frames.join()).not.toContain('somebody-else')
  })

  test('ignores members that it does not know, which newer clients may send', async () => {
    const client = await gateway.open()
    client.send(JSON.stringify({ type: 'hello', token: await mintToken('newer'), tab: 3 }))

    expect(await client.next('welcome')).toMatchObject({ userId: 'newer' })
  })
})

test('no subprotocol is selected, whatever a client offers', async () => {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, ['anything', 'graphql-ws'])
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error.message).toBe('Server sent no subprotocol')
})

describe('a message of a type that the gateway does not know', () => {
  test('is ignored, before hello and after it', async () => {
    const client = await gateway.open()
    client.send('{"type":"subscribe","userId":"somebody-else"}')
    client.send({ type: 'hello', token: await mintToken('newest') })
    expect(await client.next('welcome')).toMatchObject({ userId: 'newest', protocol: 1, minProtocol: 1 })
    client.send('{"type":"seen","seq":1}')
    await gateway.ingest.openAccount('newest')
    await gateway.ingest.commitAndPublish('newest')

    expect(await client.next('event')).toMatchObject({ seq: 1 })
    expect(client.messages).toHaveLength(2)
  })

  test('counts like any other', async () => {
    const client = await gateway.open()
    for (let index = 0; index <= 2 * MESSAGES_PER_SECOND_MAX; index += 1) client.send('{"type":"subscribe"}')

    expect(await client.closed()).toEqual({ code: 4502, reason: 'rate_limited' })
  })
})

describe('a frame', () => {
  test('of 16 KiB is read', async () => {
    const client = await gateway.open()
    const hello = JSON.stringify({ type: 'hello', token: await mintToken('long') })
    client.send(hello.padEnd(16 * 1024))

    expect(await client.next('welcome')).toMatchObject({ userId: 'long' })
  })

  test('in more parts than any client makes of one closes the connection', async () => {
    const client = await gateway.open()
    for (let part = 0; part < 100; part += 1) client.socket.send(' ', { fin: false })

    expect(await client.closed()).toMatchObject({ code: 1008 })
  })

  test('of more than 16 KiB closes the connection', async () => {
    const client = await gateway.open()
    client.send('x'.repeat(16 * 1024 + 1))

    expect(await client.closed()).toMatchObject({ code: 1009 })
  })
})

test('who sends too many messages in a second is closed', async () => {
  const client = await gateway.connect('chatty')
  await client.next('welcome')
  // However they are spread over two seconds, one of the seconds has too many.
  for (let index = 0; index <= 2 * MESSAGES_PER_SECOND_MAX; index += 1) client.send({ type: 'pong' })

  expect(await client.closed()).toEqual({ code: 4502, reason: 'rate_limited' })
})

test('who sends too many pings of the WebSocket protocol, which browsers never send, is closed too', async () => {
  const client = await gateway.connect('pinging')
  await client.next('welcome')
  const pong = once(client.socket, 'pong')
  client.socket.ping('are you there?')
  expect(String((await pong)[0])).toBe('are you there?')
  for (let index = 1; index < MESSAGES_PER_SECOND_MAX; index += 1) client.socket.ping()

  expect(await client.closed()).toEqual({ code: 4502, reason: 'rate_limited' })
})

test('a user may have so many connections and no more, until one of them closes', async () => {
  const first = await gateway.connect('many')
  const second = await gateway.connect('many')
  await Promise.all([first.next('welcome'), second.next('welcome')])
  const third = await gateway.connect('many')
  expect(await third.closed()).toEqual({ code: 4008, reason: 'connection_limit' })

  first.close()
  const fourth = await eventually(async () => {
    const client = await gateway.connect('many')
    await eventually(() => client.messages.length > 0)
    return client.messages[0]!.type === 'welcome' && client
  })
  await gateway.ingest.openAccount('many')
  await gateway.ingest.commitAndPublish('many')
  expect(await fourth.next('event')).toMatchObject({ seq: 1 })
  expect(await second.next('event')).toMatchObject({ seq: 1 })
})

describe('an address', () => {
  /** Opens a connection through a proxy that forwards the client's address. */
  async function openFrom(address: string): Promise<{ socket: WebSocket; closed: Promise<number> }> {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws`, { headers: { 'x-forwarded-for': address } })
    const closed = once(socket, 'close').then(([code]) => code as number)
    await once(socket, 'open')
    return { socket, closed }
  }

  /** Whether another connection is admitted: only then does its malformed message get a protocol error. */
  async function isAdmitted(address: string): Promise<boolean> {
    const { socket, closed } = await openFrom(address)
    socket.send('?')
    const code = await closed
    expect([4501, 4008]).toContain(code)
    return code === 4501
  }

  test('may have so many connections and no more, until one of them closes', async () => {
    const held = await Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => openFrom('203.0.113.7')))
    expect(await isAdmitted('203.0.113.7')).toBe(false)
    expect(await isAdmitted('203.0.113.8')).toBe(true)

    held[0]!.socket.terminate()
    await eventually(() => isAdmitted('203.0.113.7'))
    held[1]!.socket.terminate()
  })

  test('of IPv6 counts with its network', async () => {
    const hosts = Array.from({ length: CONNECTIONS_MAX }, (_, index) => `2001:db8:1:2::${index + 1}`)
    const held = await Promise.all(hosts.map(openFrom))
    expect(await isAdmitted('2001:db8:1:2:ffff::1')).toBe(false)
    expect(await isAdmitted('2001:db8:1:3::1')).toBe(true)
    for (const { socket } of held) socket.terminate()
  })

  test('of this machine may have any number: a proxy is behind it', async () => {
    const clients = await Promise.all(Array.from({ length: 3 * CONNECTIONS_MAX }, () => gateway.open()))
    for (const client of clients) client.send('?')

    expect(await Promise.all(clients.map(async (client) => (await client.closed()).code))).toEqual(
      clients.map(() => 4501),
    )
  })
})

/** Opens connections at once. @returns the statuses of the rejected ones, with the time after which to retry. */
async function openMany(url: string, count: number): Promise<{ accepted: number; rejected: [number, number][] }> {
  const rejected: [number, number][] = []
  const opened = Array.from({ length: count }, async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`)
    socket.on('error', () => undefined)
    const open = once(socket, 'open').then(() => true)
    const reject = once(socket, 'unexpected-response').then(([, response]) => {
      const { statusCode, headers } = response as { statusCode: number; headers: Record<string, string> }
      rejected.push([statusCode, Number(headers['retry-after'])])
      return false
    })
    return Promise.race([open, reject])
  })
  const accepted = (await Promise.all(opened)).filter(Boolean).length
  return { accepted, rejected }
}

describe('a gateway', () => {
  test('accepts so many handshakes a second; the others are told to retry at different times', async () => {
    const handshakesPerSecondMax = 20
    await using busy = await startGateway({ limits: { handshakesPerSecondMax } })
    const startedAt = performance.now()
    const { accepted, rejected } = await openMany(busy.url, 200)
    const seconds = (performance.now() - startedAt) / 1000

    expect(accepted).toBeGreaterThanOrEqual(handshakesPerSecondMax)
    expect(accepted).toBeLessThanOrEqual(Math.ceil(handshakesPerSecondMax * (1 + seconds)))
    expect(new Set(rejected.map(([status]) => status))).toEqual(new Set([503]))
    const delays = new Set(rejected.map(([, retryAfterS]) => retryAfterS))
    expect(delays.size).toBeGreaterThan(3)
    expect([...delays].every((seconds_) => seconds_ >= 1 && seconds_ <= 10)).toBe(true)
    await eventually(async () => (await openMany(busy.url, 1)).accepted === 1)
  })

  test('has so many connections and no more, until one of them closes', async () => {
    await using full = await startGateway({ limits: { connectionsMax: 2 } })
    const [first] = await Promise.all([full.open(), full.open()])
    expect(await openMany(full.url, 1)).toMatchObject({ accepted: 0, rejected: [[503, expect.any(Number)]] })
    const why = await fetch(`${full.url}/ws`)
    expect(await why.json()).toMatchObject({ status: 503, code: 'connection_limit' })
    // A page of another origin reads both.
    expect(why.headers.get('access-control-expose-headers')).toBe('retry-after')

    first.close()
    await eventually(async () => (await openMany(full.url, 1)).accepted === 1)
  })
})

test.each(['/', '/livez', '/readyz', '/%ff', '/ws/%'])(
  'an upgrade of %s gets an ordinary answer and leaves no socket open',
  async (path) => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      [
        `GET ${path} HTTP/1.1`,
        `Host: ${hostname}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
        '\r\n',
      ].join('\r\n'),
    )
    let response = ''
    socket.on('data', (data) => (response += data.toString()))
    await once(socket, 'close')

    expect(response).toMatch(path.endsWith('z') ? 'HTTP/1.1 200' : 'HTTP/1.1 404')
  },
)
