import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { connect, type Client, type ConnectOptions } from '@paxyo/browser-client'
import { CLOSE_CODES } from '@paxyo/contracts'
import { eventually, mintToken, startHostileNetwork, type HostileNetwork, type NetworkFaults } from '@paxyo/testkit'
import { startGateway, type GatewayFixture } from '../../../services/ws-gateway/test/gateway-fixture.ts'
import { startScriptedStreams, welcome } from './scripted-server.ts'

const MINUTES_MS = 60_000

let gateway: GatewayFixture
beforeAll(async () => {
  gateway = await startGateway({ limits: { pingIntervalMs: 10_000, streamAgeMsMax: 60_000 } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
})

/** The `localStorage` of the page's origin. */
let stored: Map<string, string>
let userId: string
let count = 0
const clients: Client[] = []
beforeEach(async () => {
  stored = new Map()
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  }
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: storage })
  userId = `user-${(count += 1)}`
  await gateway.ingest.openAccount(userId)
})
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  Reflect.deleteProperty(globalThis, 'localStorage')
})

/** A page, and everything that it was shown. */
function open(network: HostileNetwork | GatewayFixture, options: Partial<ConnectOptions> = {}) {
  const getToken = (): Promise<string> => mintToken(userId)
  const client = connect({ url: `${network.url}/ws`, getToken, share: 'none', ...options })
  clients.push(client)
  const shown: (number | string)[] = []
  const states: string[] = []
  client.on('snapshot', ({ position }) => shown.push(`snapshot@${position.seq}`))
  client.on('account', ({ seq }) => shown.push(seq))
  client.on('status', ({ status }) => states.push(status.state))
  return {
    client,
    shown,
    states,
    becomesLive: () => eventually(() => client.status.state === 'live', 30_000),
    showsAll: (last: number) =>
      eventually(() => client.position?.seq === last && client.status.state === 'live', 30_000),
  }
}

const upTo = (last: number): (number | string)[] => [
  'snapshot@0',
  ...Array.from({ length: last }, (_, index) => index + 1),
]

const NETWORKS: Readonly<Record<string, Partial<NetworkFaults>>> = {
  'rejects WebSockets': { rejectsUpgrades: true },
  'ends WebSockets after 150 ms': { tunnelMsMax: 150 },
  'rejects WebSockets, and passes responses on in blocks of 4 KB': { rejectsUpgrades: true, blockBytes: 4096 },
}

describe.each(Object.keys(NETWORKS))('behind a network that %s', (name) => {
  test('a page is live, shows every event once and in order, and goes straight to a stream the next time', async () => {
    await using network = await startHostileNetwork(gateway.url, NETWORKS[name])
    const first = open(network)
    await first.becomesLive()
    await eventually(() => network.attempts.stream > 0, 30_000)
    await eventually(() => [...stored.values()].some((until) => Number(until) > Date.now()), 30_000)
    for (let seq = 1; seq <= 3; seq += 1) {
      await gateway.ingest.commitAndPublish(userId)
      await first.showsAll(seq)
    }
    expect(first.shown).toEqual(upTo(3))
    // Two, and those that were due before the server said that nothing was wrong.
    expect(network.attempts.websocket).toBeLessThanOrEqual(5)

    const { websocket } = network.attempts
    const second = open(network)
    await second.becomesLive()
    expect([network.attempts.websocket, second.states]).toEqual([websocket, ['live']])
  })
})

test('behind a network that ends every response soon, a page misses nothing and shows nothing twice', async () => {
  await using network = await startHostileNetwork(gateway.url, { rejectsUpgrades: true, responseMsMax: 700 })
  const page = open(network)
  await page.becomesLive()
  let seq = 0
  while (network.attempts.stream < 5) {
    await gateway.ingest.commitAndPublish(userId)
    seq += 1
    await eventually(() => page.client.position?.seq === seq, 30_000)
  }
  expect(page.shown).toEqual(upTo(seq))
}, 60_000)

describe('a page on a stream', () => {
  test('renews its token by another stream, and is live all the time', async () => {
    await using network = await startHostileNetwork(gateway.url)
    const page = open(network, { transport: 'stream', getToken: () => mintToken(userId, { expiresInS: 4 }) })
    await page.becomesLive()
    let seq = 0
    await eventually(async () => {
      seq += 1
      await gateway.ingest.commitAndPublish(userId)
      await eventually(() => page.client.position?.seq === seq, 10_000)
      return network.attempts.stream >= 4
    }, 60_000)
    expect(page.states).toEqual(['live'])
    expect(page.shown).toEqual(upTo(seq))
    await eventually(() => gateway.gateway.connectionCount === 1)
  })

  test('whose network changes checks its link, also when it has just received something', async () => {
    const page = new EventTarget()
    Object.defineProperty(globalThis, 'window', { configurable: true, value: page })
    await using cleanup = new AsyncDisposableStack()
    cleanup.defer(() => void Reflect.deleteProperty(globalThis, 'window'))
    const network = cleanup.use(await startHostileNetwork(gateway.url))
    const { client, becomesLive } = open(network, { transport: 'stream' })
    await becomesLive()
    await gateway.ingest.commitAndPublish(userId)
    await eventually(() => client.position?.seq === 1)
    page.dispatchEvent(new Event('online'))

    await eventually(() => network.attempts.stream > 1)
    expect(network.attempts).toEqual({ websocket: 0, stream: 2 })
  })

  test('whose new token the server rejects gets another one, and is live all the time', async () => {
    await using network = await startHostileNetwork(gateway.url)
    let tokens = 0
    const getToken = async (): Promise<string> => {
      tokens += 1
      return mintToken(userId, tokens === 2 ? { secret: 'x'.repeat(32) } : { expiresInS: tokens === 1 ? 8 : 300 })
    }
    const page = open(network, { transport: 'stream', getToken })
    await page.becomesLive()
    await eventually(() => tokens === 3 && network.attempts.stream === 3, 30_000)
    await gateway.ingest.commitAndPublish(userId)
    await page.showsAll(1)
    expect(page.states).toEqual(['live'])
  })

  test('whose token is rejected while it checks its link gets another one', async () => {
    const page = new EventTarget()
    Object.defineProperty(globalThis, 'window', { configurable: true, value: page })
    await using cleanup = new AsyncDisposableStack()
    cleanup.defer(() => void Reflect.deleteProperty(globalThis, 'window'))
    const scripted = cleanup.use(await startScriptedStreams())
    let tokens = 0
    const getToken = async (): Promise<string> => `token-${(tokens += 1)}`
    const client = connect({ url: scripted.url, transport: 'stream', share: 'none', getToken })
    clients.push(client)
    const first = await eventually(() => scripted.streams[0])
    first.say(welcome(1))
    await eventually(() => client.status.state === 'live')
    page.dispatchEvent(new Event('online'))
    const second = await eventually(() => scripted.streams[1])
    second.end(CLOSE_CODES.invalid_token.code, 'invalid_token')

    const third = await eventually(() => scripted.streams[2])
    expect(third.messages[0]).toMatchObject({ type: 'hello', token: 'token-2' })
  })

  test('is told why a token is rejected for good', async () => {
    const page = open(gateway, { transport: 'stream', getToken: async () => 'nonsense' })
    await eventually(() => page.client.status.state === 'closed')
    expect(page.client.status.error).toMatchObject({ code: 'invalid_token', final: true })
  })

  test('goes to another gateway when its own drains, and is live all the time', async () => {
    await using leaving = await startGateway({ limits: { streamAgeMsMax: 2_000, drainOverlapMs: 20_000 } })
    await leaving.ingest.openAccount(userId)
    await using network = await startHostileNetwork(leaving.url)
    const page = open(network, { transport: 'stream' })
    await page.becomesLive()
    await eventually(() => network.attempts.stream >= 3, 30_000)
    await leaving.ingest.commitAndPublish(userId)
    await page.showsAll(1)
    expect(page.states).toEqual(['live'])
  })
})

test('a stream that a gateway rejects works, and the next link is a stream, too', async () => {
  await using scripted = await startScriptedStreams()
  stored.set(`paxyo stream until ${scripted.url}`, `${Date.now() + MINUTES_MS}`)
  const client = connect({ url: scripted.url, token: 'a.b.c', share: 'none' })
  clients.push(client)
  const first = await eventually(() => scripted.streams[0])
  // Both happen while its database is away, or it is updated.
  scripted.rejection = { status: 503, code: 'shutting_down' }
  first.end(CLOSE_CODES.unavailable.code, 'unavailable')
  await eventually(() => client.status.error?.code === 'shutting_down')
  scripted.rejection = undefined
  const second = await eventually(() => scripted.streams[1])
  second.say(welcome(1))
  await eventually(() => client.status.state === 'live')
  expect(scripted.handshakes).toBe(0)
})

test('while the server is away a page goes on with WebSockets, and none is on a stream when it is back', async () => {
  await using network = await startHostileNetwork('http://127.0.0.1:1')
  const page = open(network)
  await eventually(() => network.attempts.websocket >= 3, 60_000)
  expect(network.attempts.stream).toBe(0)
  expect([...stored]).toEqual([])
  expect(page.client.status.state).toBe('connecting')
}, 60_000)

test('WebSockets are tried again after minutes; one that works replaces the stream without an interruption', async () => {
  await using network = await startHostileNetwork(gateway.url, { rejectsUpgrades: true })
  const page = open(network, { getToken: () => mintToken(userId, { expiresInS: 6 }) })
  await page.becomesLive()
  const { websocket } = network.attempts
  network.rejectsUpgrades = false
  const realNow = Date.now
  Date.now = () => realNow() + 15 * MINUTES_MS
  try {
    await eventually(() => network.attempts.websocket > websocket, 30_000)
  } finally {
    Date.now = realNow
  }
  await gateway.ingest.commitAndPublish(userId)
  await page.showsAll(1)
  expect(page.shown).toEqual(upTo(1))
})

test('where there is no WebSocket, as in Node 20, a client uses a stream', async () => {
  const { WebSocket } = globalThis
  Object.assign(globalThis, { WebSocket: undefined })
  try {
    const page = open(gateway)
    await page.becomesLive()
    expect(page.states).toEqual(['live'])
  } finally {
    Object.assign(globalThis, { WebSocket })
  }
})
