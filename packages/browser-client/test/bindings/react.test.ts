import { expect, test } from '@jest/globals'
import { createOrderStore } from '@paxyo/browser-client'
import {
  PaxyoProvider,
  useBalance,
  useConnection,
  useOrder,
  useOrders,
  useRefunds,
  type PaxyoProviderProps,
} from '@paxyo/browser-client/react'
import { createTestClient } from '@paxyo/browser-client/test'
import { createElement, StrictMode, Suspense } from 'react'
import { renderToString } from 'react-dom/server'

// On a server: the tutorial's test runs the hooks in a browser.

function Page() {
  const { orders, isLoading, hasOlder } = useOrders()
  const { order } = useOrder('A-1')
  const facts = [
    useConnection().state,
    isLoading,
    hasOlder,
    orders.length,
    order?.status,
    useBalance()?.balance,
    useRefunds().length,
  ]
  return createElement('p', null, JSON.stringify(facts))
}

const render = (props: PaxyoProviderProps): string =>
  renderToString(
    createElement(
      StrictMode,
      null,
      createElement(Suspense, null, createElement(PaxyoProvider, props, createElement(Page))),
    ),
  ).replaceAll('&quot;', '"')

const anOrder = createTestClient().register({ orderId: 'A-1', status: 'in_progress' })

test('a server renders the initial state and opens no connection', () => {
  // A relative URL has no meaning on a server.
  const options = { url: '/ws', getToken: () => Promise.reject(new Error('a server needs no token')) }
  expect(render(options)).toContain('["connecting",true,false,0,null,null,0]')
  const initial = {
    orders: [anOrder],
    account: { balance: '2', currency: 'USD' },
    position: { epoch: 'e', seq: 1 },
    older: 'x',
  }
  expect(render({ ...options, initial })).toContain('["connecting",false,true,1,"in_progress","2",0]')
})

test('a page that is being hydrated shows what the server has rendered', async () => {
  const client = createTestClient({ orders: [{ orderId: 'A-1', status: 'completed' }] })
  const store = createOrderStore({ client, initial: { orders: [anOrder] } })
  await client.orders([])
  expect(store.getState().orders).toMatchObject([{ status: 'completed' }])
  expect(render({ store })).toContain('"in_progress"')
})

test('a hook without a provider says so', () => {
  expect(() => renderToString(createElement(Page))).toThrow('There is no <PaxyoProvider> around this component.')
})
