import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createOrderStore } from '@paxyo/browser-client'
import { createPaxyo } from '@paxyo/browser-client/svelte'
import { createTestClient } from '@paxyo/browser-client/test'
import { derived, get } from 'svelte/store'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const page = globalThis as { document?: unknown }

beforeEach(() => {
  page.document = {}
})
afterEach(() => {
  delete page.document
})

test("they are stores by Svelte's contract, and report only what changes", async () => {
  const client = createTestClient({ orders: [{ orderId: 'A' }], olderOrders: [{ orderId: 'O' }] })
  const paxyo = createPaxyo({ store: createOrderStore({ client }) })
  const counts: number[] = []
  const states: string[] = []
  const older: (string | null | undefined)[] = []
  paxyo.order('O').subscribe((order) => older.push(order && order.orderId))
  derived(paxyo.orders, (orders) => orders.length).subscribe((count) => counts.push(count))
  const unsubscribe = paxyo.connection.subscribe(({ state }) => states.push(state))
  expect(get(paxyo.isLoading)).toBe(true)
  await settle()
  expect([counts, states, older]).toEqual([
    [0, 1],
    ['connecting', 'live'],
    [undefined, 'O'],
  ])
  expect([get(paxyo.isLoading), get(paxyo.hasOlder), get(paxyo.balance)?.balance]).toEqual([false, true, '0'])

  client.change('A', { status: 'canceled' }, { refund: '2.5' })
  expect([get(paxyo.balance)?.balance, get(paxyo.refunds).length]).toEqual(['2.5', 1])
  await paxyo.loadOlder()
  expect(counts.at(-1)).toBe(2)
  unsubscribe()
  client.setStatus('reconnecting')
  expect(states).toEqual(['connecting', 'live'])
})

test('on a server they have the initial state and open no connection', () => {
  delete page.document
  // A relative URL has no meaning on a server.
  const { connection, order } = createPaxyo({ url: '/ws', token: 'a.b.c' })
  expect(get(connection).state).toBe('connecting')
  expect(get(order('A'))).toBeUndefined()
})
