import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createPanelClient } from '@paxyo/panel-client'
import {
  eventually,
  freePort,
  launchChromium,
  startPhpServer,
  takeScreenshot,
  type Browser,
  type Page,
  type PhpServer,
} from '@paxyo/testkit'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openPage } from '../../e2e/host-page.ts'
import { PANEL_KEY, startSystem, type System } from '../../e2e/system.ts'
import { startShell } from './follow-along.ts'
import { EXAMPLE, PHP_EXTENSIONS, runPhp, startPhpPanel, type PhpPanel } from './php-panel.ts'
import { queryPanel, writeReadmeFiles } from './php-readme.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** PHP may have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000

let system: System
let browser: Browser
let panel: PhpPanel
let php: PhpServer
let dataDir: string
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'paxyo-php-'))
  ;[system, browser] = await Promise.all([startSystem(), launchChromium()])
  panel = await startPhpPanel(system, { PANEL_DATA_DIR: dataDir })
  php = panel.server
}, SET_UP_TIMEOUT_MS)
afterAll(async () => {
  await php?.[Symbol.asyncDispose]()
  await browser.close()
  await system[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

async function order(page: Page, providerOrderId: string, quantity = 1000): Promise<void> {
  await page.fill('[name=link]', 'https://instagram.com/somebody')
  await page.fill('[name=quantity]', String(quantity))
  await page.fill('[name=providerOrderId]', providerOrderId)
  await page.click('form button')
  await page.waitForSelector(`[data-order-id="P-${providerOrderId}"]`)
  await page.waitForSelector('[data-connection="live"]')
}

test('a panel in PHP: an order is registered, a webhook comes, and the open page changes', async () => {
  const opened = await openPage(browser, `${php.url}/smm.php`, { viewport: { width: 1180, height: 640 } })
  const { page } = opened
  await order(page, '31001', 1234)
  await order(page, '31002')
  await order(page, '31003')
  const text = (field: string) => page.textContent(`[data-order-id="P-31001"] [data-field="${field}"]`)
  expect([await text('status'), await text('charge')]).toEqual(['Pending', '$3.085'])
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))

  await system.webhook({ order_id: '31002', status: 'In progress', start_count: '12045', remains: '420' })
  await system.webhook({ order_id: '31003', status: 'Completed', start_count: '512', remains: '0' })
  await system.webhook({ order_id: '31001', status: 'Partial', start_count: '2210', remains: '300' })
  await page.waitForSelector('[data-order-id="P-31001"][data-status="partial"]')

  expect([await text('status'), await text('remains'), await text('refunded')]).toEqual(['Partial', '300', '$0.75'])
  // The panel keeps the balance: 100, less the three charges, and the refund.
  await eventually(async () => (await page.textContent('[data-balance]')) === '$92.665')
  const toasts = page.locator('paxyo-toasts li')
  await toasts.filter({ hasText: 'Order P-31001' }).waitFor()
  expect(await toasts.filter({ hasText: 'Order P-31001' }).textContent()).toContain('Partial · $0.75 refunded')
  expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true)
  expect([await opened.violations(), opened.consoleErrors, opened.thrown]).toEqual([[], [], []])
  await takeScreenshot(page, 'php-example')
  await page.setViewportSize({ width: 390, height: 844 })
  await takeScreenshot(page, 'php-example-phone')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 1180, height: 640 })
  await takeScreenshot(page, 'php-example-dark')
  expect(php.output()).not.toMatch(/PHP (Warning|Notice|Fatal|Deprecated|Parse)/)
  await page.context().close()
})

test('a page that was rendered at a position gets no snapshot; one that knows none does', async () => {
  const openOnce = async (server: PhpServer) => {
    const opened = await openPage(browser, `${server.url}/smm.php`)
    const { page } = opened
    await page.waitForSelector('[data-connection="live"]')
    await page.waitForSelector('[data-order-id="P-31001"][data-status="partial"]')
    const position = await page.getAttribute('script', 'data-position')
    const snapshots = (await opened.events()).filter(({ type }) => type === 'snapshot').length
    await page.context().close()
    return { position, snapshots }
  }
  const { position, snapshots } = await openOnce(php)
  expect(snapshots).toBe(position === '' ? 1 : 0)

  // The panel cannot reach the API: it renders its own data, and a snapshot updates the page.
  await using cutOff = await startPhpServer(`${EXAMPLE}public`, { ...panel.env, PAXYO_API: 'http://127.0.0.1:1' })
  expect(await openOnce(cutOff)).toEqual({ position: '', snapshots: 1 })
})

test('nobody gets a token without being logged in, and nobody orders from another site', async () => {
  const token = await fetch(`${php.url}/token.php`)
  expect([token.status, await token.json()]).toEqual([401, { error: 'no user is logged in' }])
  const ordered = await fetch(`${php.url}/register.php`, {
    method: 'POST',
    body: new URLSearchParams({ quantity: '100' }),
  })
  expect(ordered.status).toBe(403)
})

test('what Paxyo did not sign is rejected', async () => {
  const body = JSON.stringify({
    type: 'order.updated',
    data: { order: { orderId: 'P-31002', status: 'failed' }, seq: 99 },
  })
  const headers = {
    'webhook-id': '1',
    'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
    'webhook-signature': 'v1,bm9uZQ==',
  }
  for (const sent of [headers, {}]) {
    expect((await fetch(`${php.url}/webhook.php`, { method: 'POST', body, headers: sent })).status).toBe(401)
  }
  expect((await fetch(`${php.url}/webhook.php`)).status).toBe(405)
})

test("the files of the package's README", async () => {
  const folder = mkdtempSync(join(dataDir, 'readme-'))
  expect(writeReadmeFiles(folder)).toEqual(['install.php', 'webhook.php', 'follow.php'])
  const createPanel = async (name: string): Promise<Record<string, string>> => {
    const env = { ...panel.env, PANEL_DB: `sqlite:${join(folder, name)}` }
    await queryPanel(
      env,
      'CREATE TABLE orders (id text PRIMARY KEY, status text, remains integer, refunded numeric DEFAULT 0)',
      'CREATE TABLE users (id text PRIMARY KEY, balance numeric DEFAULT 0)',
      "INSERT INTO orders (id, status) VALUES ('readme-1', 'Pending')",
      "INSERT INTO users (id) VALUES ('ann')",
    )
    await runPhp([join(folder, 'install.php')], env)
    return env
  }
  const [webhooks, feed] = [await createPanel('webhooks.sqlite'), await createPanel('feed.sqlite')]
  await using server = await startPhpServer(folder, webhooks, { extensions: PHP_EXTENSIONS })
  const { endpoints } = createPanelClient({ url: system.ingest.url, apiKey: PANEL_KEY }).outgoingWebhooks
  await endpoints.change(panel.endpointId, { url: `${server.url}/webhook.php` })
  await system.register({ orderId: 'readme-1', providerOrderId: '39001', userId: 'ann' })
  await system.webhook({ order_id: '39001', status: 'Partial', remains: '300' })

  const rows = 'SELECT status, remains, refunded, balance FROM orders, users'
  await eventually(async () => JSON.stringify(await queryPanel(webhooks, rows)) === '[["Partial",300,0.75,0.75]]')
  // The orders of the other tests are not in this panel.
  const follow = readFileSync(join(folder, 'follow.php'), 'utf8')
  writeFileSync(
    join(folder, 'follow.php'),
    follow.replace("[], ['seconds' => 55]", "['missing' => 'skip'], ['seconds' => 1]"),
  )
  await runPhp([join(folder, 'follow.php')], feed)
  expect(await queryPanel(feed, rows)).toEqual([['partial', 300, 0.75, 0.75]])
  await endpoints.change(panel.endpointId, { url: `${php.url}/webhook.php` })
})

test.each([
  ['on', true],
  ['off', false],
])('with HTTPS %s, the session of the example is secure: %s', async (https, isSecure) => {
  const folder = mkdtempSync(join(dataDir, 'cookie-'))
  const page = `<?php $_SERVER['HTTPS'] = '${https}'; require '${EXAMPLE}settings.php'; require '${EXAMPLE}panel.php'; current_user();`
  writeFileSync(join(folder, 'index.php'), page)
  await using server = await startPhpServer(folder, panel.env, { extensions: PHP_EXTENSIONS })
  const cookie = (await fetch(server.url)).headers.get('set-cookie')
  expect(cookie).toMatch(/; HttpOnly; SameSite=Lax$/)
  expect(cookie?.includes('; secure')).toBe(isSecure)
})

test('the tutorial, step by step', async () => {
  const tutorial = readFileSync(join(EXAMPLE, '../../docs/tutorials/php-panel.md'), 'utf8')
  const blocks = [...tutorial.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]!)
  expect(blocks).toHaveLength(4)
  const [startPaxyo, startPhp, webhook, look] = blocks as [string, string, string, string]
  const [port, phpPort] = [await freePort(), await freePort()]
  const inPlace = (block: string): string =>
    block.replaceAll('localhost:8080', `localhost:${port}`).replaceAll('localhost:8000', `localhost:${phpPort}`)
  const start = (block: string, env: Record<string, string>) => startShell(inPlace(block), { cwd: ROOT, env })
  const PANEL_DATA_DIR = mkdtempSync(join(dataDir, 'panel-'))
  const lookAtTables = async (): Promise<string> => {
    await using shell = start(look, { PANEL_DATA_DIR })
    await shell.ended
    return shell.output().replaceAll(/\s+/g, ' ')
  }

  const standaloneEnv = { DATA_DIR: join(dataDir, 'standalone'), PORT: String(port), DATABASE_URL: '', REDIS_URL: '' }
  await using paxyo = start(startPaxyo, standaloneEnv)
  const line = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paxyo.output())?.[1]
  const panelKey = await eventually(() => line('panel key'))
  const panelBlock = startPhp.replace('the panel key', panelKey)
  await using server = start(panelBlock, { PANEL_DATA_DIR })
  await eventually(() => server.output().includes('started'))

  const opened = await openPage(browser, `http://localhost:${phpPort}/smm.php`)
  const { page } = opened
  const hasBalance = (balance: string) => eventually(async () => (await page.textContent('[data-balance]')) === balance)
  await hasBalance('$100.00')
  await order(page, '777')
  await hasBalance('$97.50')
  const send = async (block: string): Promise<string> => {
    await using shell = start(block.replace('the webhook token', line('webhook token')!), {})
    await shell.ended
    return shell.output()
  }
  expect(await send(webhook)).toContain('{"results":[{"orderId":"777","outcome":"applied","refund":"0.75"}]}')
  await page.waitForSelector('[data-order-id="P-777"][data-status="partial"]')
  await hasBalance('$98.25')
  expect(await opened.violations()).toEqual([])
  await page.context().close()
  expect(await lookAtTables()).toContain('[id] => P-777 [status] => partial [remains] => 300 [refunded] => 0.75')
  expect(await lookAtTables()).toContain('[id] => maria [balance] => 98.25')

  // While the panel is down, nothing is lost.
  await server.end()
  expect(await send(webhook.replace('Partial', 'Canceled'))).toContain('"refund":"1.75"')
  await using again = start(panelBlock, { PANEL_DATA_DIR })
  await eventually(() => again.output().includes('started'))
  await eventually(async () => (await lookAtTables()).includes('[id] => maria [balance] => 100 '))
  expect(await lookAtTables()).toContain('[status] => canceled')
})
