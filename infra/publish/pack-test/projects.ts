import { join } from 'node:path'
import { runIn } from './managers.ts'

/** A fresh project that uses the packages. */
export interface Project {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  /** Its files, by path; `SOCKET_URL` is the gateway's. */
  readonly files: Readonly<Record<string, string>>
  /** Programs of the compiler, by the module resolution. */
  readonly typed: readonly string[]
  build?(folder: string): Promise<unknown>
  /** The built files that a page consists of; undefined when it has a server. */
  readonly pages?: string
  /** Starts its server; returns the arguments of Node. */
  serve?(port: number): readonly string[]
}

const GET_TOKEN = `const getToken = async ({ signal }) => (await fetch('/realtime-token', { signal })).text()`

const REACT_PAGE = `import { createFormat } from '@paxyo/browser-client/format'
import { PaxyoProvider, useBalance, useConnection, useOrder, useOrders, useRefunds } from '@paxyo/browser-client/react'

const format = createFormat('en')
${GET_TOKEN}

function Orders() {
  const { state } = useConnection()
  const balance = useBalance()
  const refunds = useRefunds()
  const { orders } = useOrders()
  const { order } = useOrder(orders[0]?.orderId ?? 'none')
  return (
    <main>
      {format.connection(state)}|{balance?.balance}|{order?.status}|{refunds.length}
    </main>
  )
}

export function Page() {
  return (
    <PaxyoProvider url="SOCKET_URL" getToken={getToken}>
      <Orders />
    </PaxyoProvider>
  )
}
`

const VUE_APP = `<script setup>
import { createFormat } from '@paxyo/browser-client/format'
import { useBalance, useConnection, useOrder, useOrders, useRefunds } from '@paxyo/browser-client/vue'

const format = createFormat('en')
const connection = useConnection()
const balance = useBalance()
const refunds = useRefunds()
const { orders } = useOrders()
const { order } = useOrder(() => orders.value[0]?.orderId ?? 'none')
</script>

<template>
  <main>{{ format.connection(connection.state) }}|{{ balance?.balance }}|{{ order?.status }}|{{ refunds.length }}</main>
</template>
`

const NODE_PROGRAM = `import { createOrderStore } from '@paxyo/browser-client'
import { createPanelClient } from '@paxyo/panel-client'

const { PANEL_URL, PANEL_KEY, USER } = process.env
const panel = createPanelClient({ url: PANEL_URL, apiKey: PANEL_KEY })
const store = createOrderStore({ url: 'SOCKET_URL', getToken: async () => (await panel.tokens.mint({ userId: USER })).token })
const unsubscribe = store.subscribe(() => {
  const { connection, account, orders, refunds } = store.getState()
  if (connection.state !== 'live' || refunds.length === 0) return
  console.log([connection.state, account.balance, orders[0].status, refunds.length].join('|'))
  unsubscribe()
})
`

const NODE_TYPES = `import { connect, type OrderView } from '@paxyo/browser-client'
import { createTestClient } from '@paxyo/browser-client/test'
import { createPanelClient, type PanelOrder } from '@paxyo/panel-client'

export const statusOf = (order: OrderView): string => order.status
export const client = connect({ url: 'SOCKET_URL', token: 'a.b.c' })
export const testClient = createTestClient({ orders: [{ orderId: 'A-1', status: 'partial' }] })
export async function read(): Promise<PanelOrder[]> {
  const orders: PanelOrder[] = []
  for await (const order of createPanelClient({ url: 'http://localhost', apiKey: 'key' }).orders.list()) orders.push(order)
  return orders
}
`

const indexOf = (script: string): string =>
  `<!doctype html><title>App</title><div id="root"></div><script type="module" src="${script}"></script>`

const viteBuild = (folder: string): Promise<string> =>
  runIn(folder, process.execPath, [join(folder, 'node_modules/vite/bin/vite.js'), 'build'])

export const PROJECTS: readonly Project[] = [
  {
    name: 'node',
    dependencies: { '@types/node': '24.19.2' },
    files: { 'main.js': NODE_PROGRAM, 'types.ts': NODE_TYPES },
    typed: ['types.ts'],
  },
  {
    name: 'vite-react',
    dependencies: {
      '@types/react': '19.3.3',
      '@vitejs/plugin-react': '6.3.0',
      react: '19.3.1',
      'react-dom': '19.3.1',
      vite: '8.3.8',
    },
    files: {
      'vite.config.js': `import react from '@vitejs/plugin-react'\nexport default { plugins: [react()] }\n`,
      'index.html': indexOf('/main.jsx'),
      'main.jsx': `import { createRoot } from 'react-dom/client'
import { Page } from './Page.jsx'
createRoot(document.querySelector('#root')).render(<Page />)
`,
      'Page.jsx': REACT_PAGE,
      'types.ts': `export { PaxyoProvider, useOrders } from '@paxyo/browser-client/react'\n`,
    },
    typed: ['types.ts'],
    build: viteBuild,
    pages: 'dist',
  },
  {
    name: 'vite-vue',
    dependencies: { '@vitejs/plugin-vue': '6.0.11', vite: '8.3.8', vue: '3.5.45' },
    files: {
      'vite.config.js': `import vue from '@vitejs/plugin-vue'\nexport default { plugins: [vue()] }\n`,
      'index.html': indexOf('/main.js'),
      'main.js': `import { createPaxyo } from '@paxyo/browser-client/vue'
import { createApp } from 'vue'
import App from './App.vue'
${GET_TOKEN}
createApp(App).use(createPaxyo({ url: 'SOCKET_URL', getToken })).mount('#root')
`,
      'App.vue': VUE_APP,
      'types.ts': `export { createPaxyo, useOrders } from '@paxyo/browser-client/vue'\n`,
    },
    typed: ['types.ts'],
    build: viteBuild,
    pages: 'dist',
  },
  {
    name: 'next',
    dependencies: { '@types/react': '19.3.3', next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
    files: {
      'app/layout.jsx': `export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
`,
      // The page is a server component: the entry for React says itself that it is for the browser.
      'app/page.jsx': `import { Page } from './orders.jsx'\nexport default function Home() {\n  return <Page />\n}\n`,
      'app/orders.jsx': `'use client'\n\n${REACT_PAGE}`,
      'app/realtime-token/route.js': `import { createPanelClient } from '@paxyo/panel-client'
export const dynamic = 'force-dynamic'
export async function GET() {
  const panel = createPanelClient({ url: process.env.PANEL_URL, apiKey: process.env.PANEL_KEY })
  return new Response((await panel.tokens.mint({ userId: process.env.USER })).token)
}
`,
      'types.ts': `export { PaxyoProvider, useOrders } from '@paxyo/browser-client/react'\n`,
    },
    typed: ['types.ts'],
    build: (folder) =>
      runIn(folder, process.execPath, [join(folder, 'node_modules/next/dist/bin/next'), 'build'], {
        NEXT_TELEMETRY_DISABLED: '1',
      }),
    serve: (port) => ['node_modules/next/dist/bin/next', 'start', '--port', `${port}`],
  },
]
