import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { connect, createOrderStore, findOrder, type OrderStore } from '@paxyo/browser-client'
import { createTestClient, type TestClient, type TestClientOptions } from '@paxyo/browser-client/test'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const ids = (store: OrderStore): string[] => store.getState().orders.map(({ orderId }) => orderId)

async function open(options: TestClientOptions = {}): Promise<{ client: TestClient; store: OrderStore }> {
  const client = createTestClient(options)
  const store = createOrderStore({ client })
  await settle()
  return { client, store }
}

test('a state has the snapshot, newest first, and is the same object until something changes', async () => {
  const client = createTestClient({
    orders: [{ orderId: 'A' }, { orderId: 'B' }],
    account: { balance: '5', currency: 'EUR' },
  })
  const store = createOrderStore({ client })
  expect(store.getState()).toMatchObject({ isLoaded: false, orders: [], connection: { state: 'connecting' } })
  await settle()
  expect(store.getState()).toMatchObject({
    isLoaded: true,
    connection: { state: 'live' },
    account: { balance: '5', currency: 'EUR' },
  })
  expect(ids(store)).toEqual(['B', 'A'])
  expect(store.getState()).toBe(store.getState())
})

test('an order, its refund and the balance change together', async () => {
  const { client, store } = await open({ orders: [{ orderId: 'A' }, { orderId: 'B' }] })
  const states: ReturnType<OrderStore['getState']>[] = []
  store.subscribe(() => states.push(store.getState()))
  client.change('A', { status: 'canceled' }, { refund: '2.5' })
  client.register({ orderId: 'C' })
  expect(states).toMatchObject([
    { account: { balance: '2.5' }, orders: [{}, { orderId: 'A', status: 'canceled', refunded: '2.5' }], refunds: [{}] },
    { orders: [{ orderId: 'C' }, { orderId: 'B' }, { orderId: 'A' }] },
  ])
  client.setBalance('1')
  expect(states.at(-1)).toMatchObject({ account: { balance: '1' } })
})

test('each refund is reported once, also when another listener throws', async () => {
  const { client, store } = await open({ orders: [{ orderId: 'A' }] })
  const uncaught = jest.spyOn(globalThis, 'setTimeout').mockImplementation(() => 0 as never)
  const amounts: string[] = []
  store.onRefund(() => {
    throw new Error('a listener')
  })
  const remove = store.onRefund(({ refund }) => amounts.push(refund.amount))
  client.change('A', { status: 'partial' }, { refund: '1' })
  remove()
  client.change('A', { status: 'canceled' }, { refund: '1.5' })
  expect(amounts).toEqual(['1'])
  expect(store.getState().refunds.map(({ refund }) => refund.amount)).toEqual(['1.5', '1'])
  expect(uncaught).toHaveBeenCalledTimes(2)
  uncaught.mockRestore()
})

test('older orders are added once, however often they are requested at the same time', async () => {
  const olderOrders = Array.from({ length: 3 }, (_, index) => ({ orderId: `O-${index}` }))
  const { store } = await open({ orders: [{ orderId: 'A' }], olderOrders })
  expect(store.getState().older).toBeDefined()
  await Promise.all([store.loadOlder(2), store.loadOlder(2)])
  expect(ids(store)).toEqual(['A', 'O-2', 'O-1'])
  await store.loadOlder(2)
  expect(ids(store)).toEqual(['A', 'O-2', 'O-1', 'O-0'])
  expect(store.getState().older).toBeUndefined()
  await store.loadOlder()
})

test('what was requested before a snapshot does not come after it', async () => {
  const { client, store } = await open({ orders: [{ orderId: 'A' }], olderOrders: [{ orderId: 'O' }] })
  const loading = store.loadOlder()
  client.snapshot()
  await loading
  expect(ids(store)).toEqual(['A'])
  await store.loadOlder()
  expect(ids(store)).toEqual(['A', 'O'])
})

test('a watched order is read when it is not in the list, also after the next snapshot', async () => {
  const client = createTestClient({ orders: [{ orderId: 'A' }], olderOrders: [{ orderId: 'O' }] })
  const requests = jest.spyOn(client, 'orders')
  const store = createOrderStore({ client })
  for (const id of ['A', 'O', 'O', 'X']) store.watchOrder(id)
  expect(findOrder(store.getState(), 'O')).toBeUndefined()
  await settle()
  expect(requests.mock.calls).toEqual([[['O', 'X']]])
  expect(findOrder(store.getState(), 'A')?.orderId).toBe('A')
  expect(findOrder(store.getState(), 'O')?.orderId).toBe('O')
  expect(findOrder(store.getState(), 'X')).toBeNull()
  expect(ids(store)).toEqual(['A'])

  client.snapshot()
  expect(findOrder(store.getState(), 'O')).toBeUndefined()
  await settle()
  expect(findOrder(store.getState(), 'O')?.orderId).toBe('O')
  client.register({ orderId: 'X' })
  expect(findOrder(store.getState(), 'X')?.orderId).toBe('X')
})

test('what a server has rendered is the first state', async () => {
  const rendered = createTestClient().register({ orderId: 'A' })
  const client = createTestClient()
  const store = createOrderStore({ client, initial: { orders: [rendered], position: { epoch: 'e', seq: 1 } } })
  expect(store.getInitialState()).toMatchObject({ isLoaded: true, orders: [{ orderId: 'A' }] })
  await settle()
  expect(ids(store)).toEqual([])
  expect(store.getInitialState().orders).toEqual([rendered])
})

// The order of events of the test client is that of `client.ts`, which `client.integration.test.ts` holds to the gateway.
test('the test client emits the events of a change as a real client does', async () => {
  const client = createTestClient({ orders: [{ orderId: 'A' }] })
  const seen: string[] = []
  for (const type of ['snapshot', 'status', 'order', 'refund', 'account'] as const)
    client.on(type, () => seen.push(type))
  await settle()
  client.change('A', { status: 'canceled' }, { refund: '2.5' })
  expect(seen).toEqual(['snapshot', 'status', 'order', 'refund', 'account'])
  client.close()
  await expect(client.page()).rejects.toMatchObject({ code: 'closed' })
  expect(() => client.register({ orderId: 'B' })).toThrow('closed')
})

class CountedSocket extends EventTarget {
  static opened: string[] = []
  static closed = 0
  constructor(url: string) {
    super()
    CountedSocket.opened.push(url)
  }
  close(): void {
    CountedSocket.closed += 1
  }
}

const { WebSocket } = globalThis
beforeEach(() => {
  CountedSocket.opened = []
  CountedSocket.closed = 0
  Object.assign(globalThis, { WebSocket: CountedSocket })
})
afterEach(() => {
  jest.useRealTimers()
  Object.assign(globalThis, { WebSocket })
})

test('it connects for its first subscriber, and closes the connection a second after the last one has left', async () => {
  jest.useFakeTimers()
  const store = createOrderStore({ url: 'ws://127.0.0.1/ws', token: 'a.b.c', share: 'none' })
  await jest.advanceTimersByTimeAsync(60_000)
  expect(CountedSocket.opened).toEqual([])

  const unsubscribe = store.subscribe(() => undefined)
  await jest.advanceTimersByTimeAsync(0)
  expect(CountedSocket.opened).toHaveLength(1)
  // As a component in StrictMode, which is mounted twice.
  unsubscribe()
  const unsubscribeAgain = store.subscribe(() => undefined)
  await jest.advanceTimersByTimeAsync(5_000)
  expect([CountedSocket.opened.length, CountedSocket.closed]).toEqual([1, 0])

  unsubscribeAgain()
  unsubscribeAgain()
  await jest.advanceTimersByTimeAsync(999)
  expect(CountedSocket.closed).toBe(0)
  await jest.advanceTimersByTimeAsync(1)
  expect(CountedSocket.closed).toBe(1)
  expect(store.getState().connection.state).toBe('connecting')
})

test('a client of the application is not closed', async () => {
  jest.useFakeTimers()
  const client = connect({ url: 'ws://127.0.0.1/ws', token: 'a.b.c', share: 'none' })
  const store = createOrderStore({ client })
  store.subscribe(() => undefined)()
  await jest.advanceTimersByTimeAsync(10_000)
  expect(client.status.state).toBe('connecting')
  client.close()
  expect(store.getState().connection.state).toBe('closed')
})
