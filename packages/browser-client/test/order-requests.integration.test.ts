import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { connect, type Client, type ConnectOptions } from '@paxyo/browser-client'
import { PROTOCOL_VERSION } from '@paxyo/contracts/data'
import { eventually } from '@paxyo/testkit'
import {
  event,
  startScriptedServer,
  startScriptedStreams,
  welcome,
  type ScriptedServer,
  type ScriptedStream,
  type ScriptedStreams,
} from './scripted-server.ts'

type Say = (message: object) => void

const WELCOME = welcome(1, { revision: 5 })
const RESUMED = welcome(1, { revision: 5, mode: 'resumed' })
const order = (orderId: string, remains: number) => ({ orderId, status: 'in_progress', remains })
const orderEvent = (seq: number, changed: object) => ({ ...event(seq), event: 'order.updated', order: changed })

const clients: Client[] = []
let server: ScriptedServer
let requests: { readonly request: { readonly type: string; readonly ids?: readonly string[] }; readonly say: Say }[]
let push: (message: object | string) => void
let greeting: object
/** Set by a test that delays the greeting. */
let beforeGreeting: Promise<unknown> | undefined
beforeEach(async () => {
  requests = []
  greeting = WELCOME
  beforeGreeting = undefined
  server = await startScriptedServer(
    async (say) => {
      push = say
      await beforeGreeting
      say(greeting)
    },
    (request, say) => requests.push({ request, say }),
  )
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await server[Symbol.asyncDispose]()
})

function open(options: Partial<ConnectOptions> = {}): Client {
  const client = connect({ url: server.url, token: 'a.b.c', share: 'none', ...options })
  clients.push(client)
  return client
}
const requested = (count: number): Promise<unknown> => eventually(() => requests.length === count)

test('a response that is ahead of the stream waits for it, and one that is behind has what the events changed', async () => {
  const client = open()
  const ahead = client.page({ before: '5~A-9', limit: 2 })
  await requested(1)
  expect(requests[0]!.request).toEqual({ type: 'page', before: '5~A-9', limit: 2 })
  requests[0]!.say({ type: 'page', seq: 3, orders: [order('A-1', 5)], older: '4~A-1' })
  const behind = client.orders(['A-1', 'A-2', 'A-1'])
  await requested(2)
  for (const message of [event(2), orderEvent(3, order('A-1', 5)), orderEvent(4, order('A-1', 4))]) push(message)
  requests[1]!.say({ type: 'orders', seq: 2, orders: [order('A-1', 9), order('A-2', 7)] })

  expect(await ahead).toEqual({ orders: [order('A-1', 4)], older: '4~A-1' })
  expect(await behind).toEqual([order('A-1', 4), order('A-2', 7)])
  expect(requests[1]!.request).toEqual({ type: 'orders', ids: ['A-1', 'A-2'] })
})

test('a request is sent again after a lost connection, and when the server says that it may be', async () => {
  const client = open()
  const found = client.page()
  await requested(1)
  push('not a message')
  await requested(2)
  const again = { type: 'error', code: 'rate_limited', message: '', request: 'page', retryAfterMs: 1 }
  requests[1]!.say(again)
  await requested(3)
  requests[2]!.say({ type: 'page', seq: 1, orders: [] })
  expect(await found).toEqual({ orders: [], older: undefined })
  expect(server.hellos).toHaveLength(2)
})

test('a response that is ahead is asked for again when the epoch changes before the stream has come so far', async () => {
  const client = open()
  const found = client.orders(['A-1'])
  await requested(1)
  requests[0]!.say({ type: 'orders', seq: 9, orders: [order('A-1', 9)] })
  requests[0]!.say(event(2))
  await eventually(() => client.position?.seq === 2)
  greeting = welcome(1, { revision: 5, epoch: 'f' })
  push('not a message')
  await requested(2)
  requests[1]!.say({ type: 'orders', seq: 1, orders: [order('A-1', 7)] })

  expect(await found).toEqual([order('A-1', 7)])
})

test('many ids are asked for in parts that fit into a message', async () => {
  const ids = Array.from({ length: 230 }, (_, index) => `A-${index}`)
  const found = open().orders([...ids, 'x'.repeat(3_990), 'y'.repeat(100)])
  for (const count of [1, 2, 3, 4, 5]) {
    await requested(count)
    const { request, say } = requests[count - 1]!
    expect(request.ids!.length).toBeLessThanOrEqual(100)
    expect(JSON.stringify(request).length).toBeLessThan(12_000)
    say({ type: 'orders', seq: 1, orders: request.ids!.map((id) => order(id, 1)) })
  }
  expect(await found).toHaveLength(232)
})

test('all orders that were asked for in parts are as of one position', async () => {
  const client = open()
  const found = client.orders(Array.from({ length: 101 }, (_, index) => `A-${index}`))
  await requested(1)
  requests[0]!.say({ type: 'orders', seq: 1, orders: [order('A-0', 9), order('A-1', 9)] })
  await requested(2)
  push(orderEvent(2, order('A-0', 5)))
  requests[1]!.say({ type: 'orders', seq: 2, orders: [order('A-100', 9)] })

  expect(await found).toEqual([order('A-0', 5), order('A-1', 9), order('A-100', 9)])
  expect(client.position).toEqual({ epoch: 'e', seq: 2 })
})

test('a rejected request, an older server and a closed client reject the promise', async () => {
  const client = open()
  const rejected = client.page({ before: 'mine' })
  await requested(1)
  requests[0]!.say({ type: 'error', code: 'protocol_error', message: 'no', request: 'page' })
  await expect(rejected).rejects.toMatchObject({ code: 'protocol_error' })
  const waiting = client.orders(['A-1'])
  client.close()
  await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  await expect(client.page()).rejects.toMatchObject({ code: 'closed' })

  await using older = await startScriptedServer((say) => say(welcome(1)))
  await expect(open({ url: older.url }).page()).rejects.toMatchObject({ code: 'unsupported' })
})

test('a tab without a connection asks over that of the leading tab', async () => {
  const shared: Partial<ConnectOptions> = { share: 'tabs', userId: 'ann' }
  const leader = open(shared)
  await eventually(() => leader.status.state === 'live')
  const follower = open({ ...shared, position: { epoch: 'e', seq: 1 } })
  await eventually(() => follower.status.state === 'live')
  const found = follower.orders(['A-1'])
  await requested(1)
  requests[0]!.say({ type: 'orders', seq: 1, orders: [order('A-1', 1)] })
  expect(await found).toEqual([order('A-1', 1)])
  expect(server.hellos).toHaveLength(1)
})

describe('a tab that asks over the leading one', () => {
  const shared: Partial<ConnectOptions> = { share: 'tabs', userId: 'ann' }
  const openChannel = (): BroadcastChannel => new BroadcastChannel(`paxyo tabs ${PROTOCOL_VERSION} ${server.url} ann`)
  // A channel reaches only its own origin; the rule is about windows.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  const post = (channel: BroadcastChannel, message: object): void => channel.postMessage(message)

  test('waits while that one has no connection', async () => {
    const leader = open(shared)
    await eventually(() => leader.status.state === 'live')
    const follower = open({ ...shared, position: { epoch: 'e', seq: 1 } })
    await eventually(() => follower.status.state === 'live')
    const askedWhile: string[] = []
    const channel = openChannel()
    channel.addEventListener('message', ({ data }: MessageEvent<{ readonly kind: string }>) => {
      if (data.kind === 'ask') askedWhile.push(follower.status.state)
    })
    const resume = Promise.withResolvers<void>()
    beforeGreeting = resume.promise
    push('not a message')
    await eventually(() => follower.status.state === 'reconnecting')
    const found = follower.orders(['A-1'])
    await eventually(() => server.hellos.length === 2)
    resume.resolve()
    await requested(1)
    requests[0]!.say({ type: 'orders', seq: 1, orders: [order('A-1', 1)] })

    expect(await found).toEqual([order('A-1', 1)])
    expect(askedWhile).toEqual(['live'])
    channel.close()
  })

  test('waits as long as the leading one waits for the response', async () => {
    const leader = open(shared)
    await eventually(() => leader.status.state === 'live')
    const channel = openChannel()
    const received: { readonly kind: string; readonly to?: string }[] = []
    channel.addEventListener('message', ({ data }: MessageEvent<{ kind: string; to?: string }>) => {
      if (data.to === 'a tab') received.push(data)
    })
    const request = { type: 'orders', ids: ['A-1'] }
    for (let count = 0; count < 2; count += 1) post(channel, { kind: 'ask', from: 'a tab', request })
    await requested(1)
    await eventually(() => received.length === 1)
    const response = { type: 'orders', seq: 1, orders: [order('A-1', 1)] }
    requests[0]!.say(response)
    await eventually(() => received.length === 2)
    channel.close()

    expect(received).toEqual([
      { kind: 'relaying', to: 'a tab' },
      { kind: 'relayed', to: 'a tab', request, response },
    ])
    expect(requests).toHaveLength(1)
  })

  test('takes no response to another request, which it may have given up', async () => {
    const channel = openChannel()
    const leads = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    void navigator.locks.request(`paxyo tabs ${PROTOCOL_VERSION} ${server.url} ann`, () => {
      leads.resolve()
      return end.promise
    })
    await leads.promise
    channel.addEventListener('message', ({ data }: MessageEvent<{ kind: string; from: string; request: object }>) => {
      const { kind, from: to, request } = data
      const state = { status: { state: 'live', sinceMs: 0 }, head: { epoch: 'e', seq: 1 } }
      if (kind === 'request') post(channel, { kind: 'response', to, events: [], ...state })
      if (kind !== 'ask') return
      const other = { type: 'orders', seq: 1, orders: [order('A-2', 2)] }
      post(channel, { kind: 'relayed', to, response: other, request: { type: 'orders', ids: ['A-2'] } })
      post(channel, { kind: 'relayed', to, response: { ...other, orders: [order('A-1', 1)] }, request })
    })
    const follower = open({ ...shared, position: { epoch: 'e', seq: 1 } })
    await eventually(() => follower.status.state === 'live')

    expect(await follower.orders(['A-1'])).toEqual([order('A-1', 1)])
    channel.close()
    end.resolve()
  })
})

describe('on an HTTP stream', () => {
  let scripted: ScriptedStreams
  let page: EventTarget
  beforeEach(async () => {
    scripted = await startScriptedStreams()
    page = new EventTarget()
    Object.defineProperty(globalThis, 'window', { configurable: true, value: page })
  })
  afterEach(async () => {
    Reflect.deleteProperty(globalThis, 'window')
    await scripted[Symbol.asyncDispose]()
  })

  const opened = (place: number): Promise<ScriptedStream> => eventually(() => scripted.streams[place - 1])
  /** The next stream replaces the one before. */
  async function takesOver(place: number): Promise<ScriptedStream> {
    const stream = await opened(place)
    stream.say(RESUMED)
    await eventually(() => scripted.streams[place - 2]!.isClosed)
    return stream
  }
  /** The page checks its link, by another stream. */
  const check = (): void => void page.dispatchEvent(new Event('online'))

  async function openLive(): Promise<Client> {
    const client = open({ url: scripted.url, transport: 'stream' })
    const first = await opened(1)
    first.say(WELCOME)
    await eventually(() => client.status.state === 'live')
    return client
  }

  test('a request whose stream is replaced before the response is sent with the next one', async () => {
    const client = await openLive()
    const found = client.page()
    await takesOver(2)
    check()
    const third = await takesOver(3)
    expect(third.messages.map(({ type }) => type)).toEqual(['hello', 'page'])
    third.say({ type: 'page', seq: 1, orders: [order('A-1', 1)] })
    expect(await found).toEqual({ orders: [order('A-1', 1)], older: undefined })
  })

  test('a response that comes before the next stream has caught up is taken', async () => {
    const client = await openLive()
    const found = client.page()
    const second = await opened(2)
    const response = { type: 'page', seq: 1, orders: [order('A-1', 1)] }
    const delayed = { type: 'delayed', since: '2026-11-22T18:00:00.000Z' }
    for (const message of [delayed, RESUMED, response, { type: 'live' }]) second.say(message)
    expect(await found).toEqual({ orders: [order('A-1', 1)], older: undefined })
  })

  test('a response that comes twice is not that to the next request', async () => {
    const client = await openLive()
    const one = client.page({ before: '1~A' })
    const second = await takesOver(2)
    check()
    await opened(3)
    const response = { type: 'page', seq: 1, orders: [order('A-1', 1)] }
    second.say(response)
    expect(await one).toMatchObject({ orders: [order('A-1', 1)] })
    const third = await takesOver(3)
    const two = client.page({ before: '2~B' })
    await opened(4)
    for (const message of [response, event(2)]) third.say(message)
    await eventually(() => client.position?.seq === 2)
    const fourth = await takesOver(4)
    fourth.say({ type: 'page', seq: 1, orders: [order('B-1', 1)] })
    expect(await two).toMatchObject({ orders: [order('B-1', 1)] })
  })
})
