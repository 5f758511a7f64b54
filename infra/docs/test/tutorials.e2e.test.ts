import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, mintToken } from '@paxyo/testkit'
import { build, transform } from 'esbuild'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startSystem, type System } from '../../e2e/system.ts'

// The code of the React tutorial, as it is printed there, against real services.

const TUTORIAL = readFileSync(new URL('../tutorials/react-app.md', import.meta.url), 'utf8')
const CLIENT = fileURLToPath(new URL('../../../packages/browser-client/src/index.ts', import.meta.url))

const blockNamed = (name: string): string =>
  new RegExp(`^\`\`\`\\w+ ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(TUTORIAL)![1]!

interface OrdersStore {
  getSnapshot(): { status: string; account?: { balance: string }; orders: { orderId: string; status: string }[] }
  subscribe(listener: () => void): () => void
  close(): void
}

let system: System
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paxyo-tutorial-'))
  system = await startSystem()
})
afterAll(async () => {
  await system[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test('the store shows orders and the balance as they change', async () => {
  await build({ entryPoints: [CLIENT], bundle: true, format: 'esm', outfile: join(folder, 'paxyo-client.js') })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'orders-store.js'), blockNamed('orders-store.js'))
  const { createOrdersStore } = (await import(pathToFileURL(join(folder, 'orders-store.js')).href)) as {
    createOrdersStore: (options: object) => OrdersStore
  }
  await system.register({ orderId: 'R-1', providerOrderId: '90001', userId: 'react', quantity: 1000, charge: '2.5' })
  const url = `${system.gateway.url.replace(/^http/, 'ws')}/ws`
  const store = createOrdersStore({ url, getToken: () => mintToken('react') })
  const seen: object[] = []
  const unsubscribe = store.subscribe(() => seen.push(store.getSnapshot()))

  await eventually(() => store.getSnapshot().status === 'live')
  expect(store.getSnapshot()).toMatchObject({ account: { balance: '0' }, orders: [{ orderId: 'R-1' }] })

  await system.webhook({ order_id: '90001', status: 'Partial', remains: '300' })
  await eventually(() => store.getSnapshot().account?.balance === '0.75')
  expect(store.getSnapshot().orders).toMatchObject([{ orderId: 'R-1', status: 'partial' }])
  // React compares states by identity.
  expect(new Set(seen).size).toBe(seen.length)
  unsubscribe()
  store.close()
})

test('the component compiles', async () => {
  const { code } = await transform(blockNamed('App.jsx'), { loader: 'jsx', jsx: 'automatic' })
  expect(code).toContain('useSyncExternalStore')
})
