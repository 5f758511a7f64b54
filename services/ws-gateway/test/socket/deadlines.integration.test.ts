import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { eventually, mintToken, type TestSocket } from '@paxyo/testkit'
import { startGateway, type GatewayFixture } from '../gateway-fixture.ts'

const HELLO_TIMEOUT_MS = 1_500
const TOKEN_GRACE_MS = 1_500
/** Longer than it takes to connect, on a busy machine. */
const TOKEN_LIFETIME_S = 8

/** Connections whose deadlines run concurrently, so that the tests wait only once. */
let gateway: GatewayFixture
let openedAt: number
let silent: TestSocket
let mute: TestSocket
let responding: TestSocket
let expiring: TestSocket
let refreshed: TestSocket
let expiresAt: number
/** When the server closed each connection. */
const closedAt = new Map<TestSocket, number>()
beforeAll(async () => {
  gateway = await startGateway({
    limits: {
      helloTimeoutMs: HELLO_TIMEOUT_MS,
      tokenGraceMs: TOKEN_GRACE_MS,
      pingIntervalMs: 2_500,
      // A pong is late when this process is paused between a ping and the next check of the deadlines.
      pongTimeoutMs: 2_000,
    },
  })
  openedAt = Date.now()

  silent = await gateway.open()
  mute = await gateway.open({ respondsToPings: false })
  mute.send({ type: 'hello', token: await mintToken('mute') })
  responding = await gateway.connect('responding')
  expiresAt = (Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_S) * 1000
  const shortLived = (userId: string): Promise<string> =>
    mintToken(userId, { expiresInS: expiresAt / 1000 - Math.floor(Date.now() / 1000) })
  expiring = await gateway.connect('expiring', { token: await shortLived('expiring') })
  refreshed = await gateway.connect('refreshed', { token: await shortLived('refreshed') })
  for (const client of [silent, expiring]) client.socket.once('close', () => closedAt.set(client, Date.now()))
  await refreshed.next('welcome')
  refreshed.send({ type: 'refresh', token: await mintToken('refreshed') })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

test('who says no hello is closed', async () => {
  expect(await silent.closed()).toEqual({ code: 4003, reason: 'hello_timeout' })
  expect(closedAt.get(silent)! - openedAt).toBeGreaterThanOrEqual(HELLO_TIMEOUT_MS)
})

describe('a ping', () => {
  test('that is not answered closes the connection', async () => {
    expect(await mute.closed()).toEqual({ code: 4002, reason: 'ping_timeout' })
    expect(mute.pings).toBeGreaterThan(0)
  })

  test('comes again and again to who answers', async () => {
    await eventually(() => responding.pings >= 3)

    expect(responding.socket.readyState).toBe(responding.socket.OPEN)
  })

  test('comes to each at another time, though all connected at once', async () => {
    const pingIntervalMs = 6_000
    await using together = await startGateway({ limits: { pingIntervalMs } })
    const clients = await Promise.all(Array.from({ length: 24 }, (_, index) => together.connect(`user-${index}`)))
    const pingedAt = await Promise.all(
      clients.map(async (client) => {
        await eventually(() => client.pings > 0)
        return Date.now()
      }),
    )

    expect(Math.max(...pingedAt) - Math.min(...pingedAt)).toBeGreaterThan(pingIntervalMs / 6)
  })
})

describe('a token', () => {
  test('that expires closes the connection, after some grace', async () => {
    await expiring.next('welcome')
    expect(await expiring.closed()).toEqual({ code: 4004, reason: 'token_expired' })
    expect(closedAt.get(expiring)).toBeGreaterThanOrEqual(expiresAt + TOKEN_GRACE_MS)
  })

  test('that was replaced in time does not', async () => {
    await expiring.closed()
    const { pings } = refreshed
    await eventually(() => refreshed.pings > pings)

    expect(refreshed.socket.readyState).toBe(refreshed.socket.OPEN)
  })

  test.each([
    ['that is none', () => 'nonsense', 'invalid_token'],
    ['that has expired', () => mintToken('refreshing', { expiresInS: -90 }), 'token_expired'],
  ])('%s does not replace one, and the connection lives until the old one ends', async (_name, mint, code) => {
    const lifetimeS = 4
    const endsAtMs = (Math.floor(Date.now() / 1000) + lifetimeS) * 1000
    const client = await gateway.connect('refreshing', {
      token: await mintToken('refreshing', { expiresInS: endsAtMs / 1000 - Math.floor(Date.now() / 1000) }),
    })
    await client.next('welcome')
    client.send({ type: 'refresh', token: await mint() })

    expect(await client.next('error')).toEqual({ type: 'error', code, message: expect.any(String), request: 'refresh' })
    expect(await client.closed()).toEqual({ code: 4004, reason: 'token_expired' })
    expect(Date.now()).toBeGreaterThanOrEqual(endsAtMs + TOKEN_GRACE_MS)
  })

  test('that was rejected may be followed by a good one', async () => {
    const client = await gateway.connect('refreshing')
    await client.next('welcome')
    client.send({ type: 'refresh', token: 'nonsense' })
    await client.next('error')
    client.send({ type: 'refresh', token: await mintToken('refreshing') })
    await gateway.ingest.openAccount('refreshing')
    await gateway.ingest.commitAndPublish('refreshing')

    expect(await client.next('event')).toMatchObject({ seq: 1 })
  })

  test('of another user ends the connection: its page must not show this user any longer', async () => {
    const client = await gateway.connect('refreshing')
    await client.next('welcome')
    client.send({ type: 'refresh', token: await mintToken('somebody-else') })

    expect(await client.closed()).toEqual({ code: 4500, reason: 'invalid_token' })
  })

  test('can not be replaced before there is one', async () => {
    const client = await gateway.open()
    client.send({ type: 'refresh', token: await mintToken('early') })

    expect((await client.closed()).code).toBeGreaterThanOrEqual(4500)
  })
})
