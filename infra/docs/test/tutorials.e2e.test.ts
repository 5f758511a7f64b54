import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { eventually, launchChromium, mintToken, type Browser } from '@paxyo/testkit'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PANEL_KEY, startSystem, type System } from '../../e2e/system.ts'
import { buildWithVite, checkTypes, installProject, packAll, runNode } from './react-app.ts'

// The code of the React tutorial, as it is printed there, with the packages as npm installs them, against real services.

const TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' }

let system: System
let browser: Browser
let folder: string
let project: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paxyo-tutorial-'))
  project = join(folder, 'project')
  const installed = async (): Promise<void> => {
    const archives = await packAll(folder)
    system = await startSystem()
    await installProject(project, archives, `${system.gateway.url.replace(/^http/, 'ws')}/ws`)
  }
  ;[browser] = await Promise.all([launchChromium(), installed()])
})
afterAll(async () => {
  await browser.close()
  await system[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test.each(['bundler', 'node16'] as const)('the code has no type errors with the resolution %s', async (resolution) => {
  expect(await checkTypes(project, resolution)).toBe('')
})

test('the test of the tutorial passes', async () => {
  expect(await runNode(project, ['--test', 'orders.test.ts'])).toContain('pass 1')
})

test("the browser client's examples run", async () => {
  expect(await runNode(project, ['test-client.mjs'])).toBe('partial 0.75 reconnecting\n')
  await system.register({ orderId: 'N-1', providerOrderId: '90002', userId: 'node' })
  expect(await runNode(project, ['store.mjs'], { TOKEN: await mintToken('node') })).toBe('0 external N-1\n')
})

test("the panel client's example runs", async () => {
  const env = { PAXYO_URL: system.ingest.url, PAXYO_API_KEY: PANEL_KEY }
  expect(await runNode(project, ['panel.js'], env)).toBe('A-1 pending\n10\norder_not_found 404\n')
})

test('the application, built with Vite, shows orders and the balance as they change, on one connection', async () => {
  await buildWithVite(project)
  await system.register({ orderId: 'R-1', providerOrderId: '90001', userId: 'react', quantity: 1000, charge: '2.5' })
  await system.deposit('react', '10')
  const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
  app.get('/realtime-token', () => mintToken('react'))
  app.get('/*', (request, reply) => {
    const path = join(project, 'dist', request.url === '/' ? 'index.html' : request.url)
    if (!existsSync(path)) return reply.code(204).send()
    return reply.type(TYPES[/\w+$/.exec(path)![0]]!).send(readFileSync(path))
  })
  const url = await listen(app, { host: '127.0.0.1', port: 0 })
  const page = await browser.newPage()
  const sockets: string[] = []
  const logged: string[] = []
  page.on('websocket', (socket) => sockets.push(socket.url()))
  page.on('console', (message) => void (message.text().includes('React DevTools') || logged.push(message.text())))
  page.on('pageerror', (error) => logged.push(String(error)))
  const text = (): Promise<string> => page.locator('main').innerText()

  await page.goto(url)
  await eventually(async () => (await text()).includes('Instagram followers: Pending, refunded $0.00'))
  expect(await text()).toContain('Live\n\nBalance: $10.00')

  await system.webhook({ order_id: '90001', status: 'Partial', remains: '300' })
  await eventually(async () => (await text()).includes('Instagram followers: Partial, refunded $0.75'))
  expect(await text()).toContain('Balance: $10.75')
  expect(await text()).toContain('1 refunds since you opened this page')
  expect(sockets).toHaveLength(1)
  expect(logged).toEqual(['0.75 USD refunded'])
  await app.close()
})
