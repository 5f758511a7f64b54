import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { connect, type Client, type ConnectOptions } from '@paxyo/browser-client'
import { eventually } from '@paxyo/testkit'
import { event, startScriptedServer, welcome, type ScriptedServer } from './scripted-server.ts'

type Say = (message: object) => void

const WELCOME = welcome(1, { revision: 5 })
const order = (orderId: string, remains: number) => ({ orderId, status: 'in_progress', remains })
const orderEvent = (seq: number, changed: object) => ({ ...event(seq), event: 'order.updated', order: changed })

const clients: Client[] = []
let server: ScriptedServer
let requests: { readonly request: { readonly type: string; readonly ids?: readonly string[] }; readonly say: Say }[]
let push: (message: object | string) => void
beforeEach(async () => {
  requests = []
  server = await startScriptedServer(
    (say) => {
      push = say
      say(WELCOME)
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
