import { beforeEach, expect, test } from '@jest/globals'
import type { ServerMessage } from '@paxyo/contracts'
import type { FoundOrders, OrdersWanted } from '../../src/read/user-orders.ts'
import { OrderRequests } from '../../src/socket/order-requests.ts'

const USER = { userId: 'ann', epoch: 'e' }
const NOTHING: FoundOrders = { epoch: 'e', seq: 3, orders: [] }

let now: number
let sent: ServerMessage[]
let wanted: OrdersWanted[]
let isFailed: boolean
let hasRoom: boolean
let responses: unknown[]
let read: (wanted: OrdersWanted) => Promise<FoundOrders>
let requests: OrderRequests
beforeEach(() => {
  now = 1_000
  sent = []
  wanted = []
  isFailed = false
  hasRoom = true
  responses = []
  read = () => Promise.resolve(NOTHING)
  requests = new OrderRequests({
    reader: {
      read(each) {
        wanted.push(each)
        return read(each)
      },
    },
    limits: { orderRequestsPerSecond: 2, orderRequestsBurstMax: 3 },
    now: () => now,
    send: (message) => sent.push(message),
    fail: () => (isFailed = true),
    isOpen: () => true,
    hasRoom: () => hasRoom,
    responded: (...response) => responses.push(response),
  })
})

const ask = (): Promise<void> => requests.handle({ type: 'page', limit: 7 }, USER)

test("a page is read for the connection's own user", async () => {
  read = () => {
    now += 7
    return Promise.resolve({ ...NOTHING, older: '5~A-1' })
  }
  await requests.handle({ type: 'page', before: '9~A-2', limit: 7 }, USER)
  await requests.handle({ type: 'orders', ids: ['A-1'] }, USER)

  expect(wanted).toEqual([
    { userId: 'ann', after: { createdAtUs: 9, orderId: 'A-2' }, limit: 7 },
    { userId: 'ann', ids: ['A-1'] },
  ])
  expect(sent).toEqual([
    { type: 'page', seq: 3, orders: [], older: '5~A-1' },
    { type: 'orders', seq: 3, orders: [] },
  ])
  expect(responses).toEqual([
    ['page', 'served', 7],
    ['orders', 'served', 7],
  ])
})

test('a client that asks too often is told when it may again, and is served then', async () => {
  for (let count = 0; count < 4; count += 1) await ask()
  expect(sent.map(({ type }) => type)).toEqual(['page', 'page', 'page', 'error'])
  expect(responses).toEqual([...Array.from({ length: 3 }, () => ['page', 'served', 0]), ['page', 'rate_limited', 0]])
  expect(sent.at(-1)).toMatchObject({ code: 'rate_limited', request: 'page', retryAfterMs: 500 })

  now += 499
  await ask()
  expect(sent.at(-1)).toMatchObject({ code: 'rate_limited', retryAfterMs: expect.any(Number) })
  now += 1
  await ask()
  expect(sent.at(-1)).toMatchObject({ type: 'page' })
  now += 3_600_000
  for (let count = 0; count < 4; count += 1) await ask()
  expect(sent.slice(-4).map(({ type }) => type)).toEqual(['page', 'page', 'page', 'error'])
})

test('nothing is read for a user who has not read what is there', async () => {
  hasRoom = false
  await ask()
  expect(sent).toMatchObject([{ type: 'error', code: 'rate_limited', request: 'page', retryAfterMs: 50 }])
  expect(wanted).toEqual([])
  hasRoom = true
  await ask()
  expect(sent.at(-1)).toMatchObject({ type: 'page' })
})

test('one request is read at a time', async () => {
  const { promise, resolve } = Promise.withResolvers<FoundOrders>()
  read = () => promise
  const first = ask()
  await ask()
  expect(sent).toMatchObject([{ type: 'error', code: 'rate_limited', request: 'page', retryAfterMs: 50 }])
  expect(wanted).toHaveLength(1)
  resolve(NOTHING)
  await first
  expect(sent.at(-1)).toMatchObject({ type: 'page' })
})

test('an unavailable database and a wrong cursor reject the request, and not the connection', async () => {
  read = () => Promise.reject(new Error('down'))
  await ask()
  await requests.handle({ type: 'page', before: 'mine' }, USER)
  expect(sent).toMatchObject([
    { type: 'error', code: 'unavailable', request: 'page', retryAfterMs: 1_000 },
    { type: 'error', code: 'protocol_error', request: 'page' },
  ])
  expect([wanted.length, isFailed]).toEqual([1, false])
  expect(responses).toEqual([
    ['page', 'unavailable', 0],
    ['page', 'protocol_error', 0],
  ])
})

test('orders of another epoch are not sent', async () => {
  read = () => Promise.resolve({ ...NOTHING, epoch: 'restored' })
  await ask()
  expect([sent, isFailed]).toEqual([[], true])
})
