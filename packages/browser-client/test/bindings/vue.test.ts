import { expect, test } from '@jest/globals'
import { createOrderStore, type OrderView } from '@paxyo/browser-client'
import { createTestClient } from '@paxyo/browser-client/test'
import { createPaxyo, useBalance, useConnection, useOrder, useOrders, useRefunds } from '@paxyo/browser-client/vue'
import { createRenderer, createSSRApp, h, nextTick, ref, type Component } from 'vue'
import { renderToString } from 'vue/server-renderer'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Mounts a component without a page: only what it reads matters. */
function mount(component: Component, plugin: ReturnType<typeof createPaxyo>): () => void {
  const none = (): null => null
  const node = (): object => ({})
  const renderer = createRenderer<object, object>({
    createElement: node,
    createText: node,
    createComment: node,
    insert: none,
    remove: none,
    setText: none,
    setElementText: none,
    patchProp: none,
    parentNode: none,
    nextSibling: none,
  })
  const app = renderer.createApp(component)
  app.use(plugin)
  app.mount({})
  return () => app.unmount()
}

test('composables follow the store while their component is mounted', async () => {
  const client = createTestClient({ orders: [{ orderId: 'A' }], olderOrders: [{ orderId: 'O' }] })
  const store = createOrderStore({ client })
  const orderId = ref('O')
  const amounts: string[] = []
  let shown: readonly unknown[] = []
  let rendered = 0
  const Page: Component = {
    setup() {
      const { orders, isLoading, hasOlder } = useOrders()
      const { order } = useOrder(orderId)
      const [balance, connection, refunds] = [
        useBalance(),
        useConnection(),
        useRefunds(({ refund }) => amounts.push(refund.amount)),
      ]
      return () => {
        rendered += 1
        shown = [
          orders.value.map((each: OrderView) => each.orderId).join(),
          isLoading.value,
          hasOlder.value,
          order.value?.orderId,
          balance.value?.balance,
          connection.value.state,
          refunds.value.length,
        ]
        return h('p')
      }
    },
  }
  const unmount = mount(Page, createPaxyo({ store }))
  expect(shown).toEqual(['', true, false, undefined, undefined, 'connecting', 0])
  await settle()
  await nextTick()
  expect(shown).toEqual(['A', false, true, 'O', '0', 'live', 0])
  client.change('A', { status: 'canceled' }, { refund: '2.5' })
  orderId.value = 'A'
  await nextTick()
  expect(shown).toEqual(['A', false, true, 'A', '2.5', 'live', 1])
  expect(amounts).toEqual(['2.5'])

  unmount()
  const before = rendered
  client.change('A', {}, { refund: '1' })
  await nextTick()
  expect([rendered, amounts]).toEqual([before, ['2.5']])
})

test('a server renders the initial state and opens no connection', async () => {
  const Page: Component = {
    setup() {
      const { isLoading } = useOrders()
      const connection = useConnection()
      return () => h('p', `${connection.value.state} ${isLoading.value}`)
    },
  }
  // A relative URL has no meaning on a server.
  const app = createSSRApp(Page).use(createPaxyo({ url: '/ws', token: 'a.b.c' }))
  expect(await renderToString(app)).toBe('<p>connecting true</p>')
})

test('a composable without the plugin says so', async () => {
  const app = createSSRApp({ setup: () => useBalance() })
  app.config.warnHandler = () => undefined
  await expect(renderToString(app)).rejects.toThrow('No store is provided')
})
