import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  eventually,
  freePort,
  launchChromium,
  startPhpServer,
  TEST_JWT_SECRET,
  type Browser,
  type Page,
  type PhpServer,
} from '@paxyo/testkit'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openPage } from '../../e2e/host-page.ts'
import { PANEL_KEY, startSystem, type System } from '../../e2e/system.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const ARTIFACTS = `${ROOT}.artifacts/`
const EXAMPLE = fileURLToPath(new URL('../php/public', import.meta.url))
/** PHP may have to be installed first. */
const SET_UP_TIMEOUT_MS = 180_000

let system: System
let browser: Browser
let php: PhpServer
let dataDir: string
const phpEnv = (): Record<string, string> => ({
  PAXYO_GATEWAY: system.gateway.url,
  PAXYO_API: system.ingest.url,
  PAXYO_PANEL_KEY: PANEL_KEY,
  PAXYO_JWT_SECRET: TEST_JWT_SECRET,
  PANEL_DATA_DIR: dataDir,
})
beforeAll(async () => {
  mkdirSync(ARTIFACTS, { recursive: true })
  dataDir = mkdtempSync(join(tmpdir(), 'paxyo-php-'))
  ;[system, browser] = await Promise.all([startSystem(), launchChromium()])
  php = await startPhpServer(EXAMPLE, phpEnv())
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
  await eventually(async () => (await page.textContent('[data-balance]')) === '$0.75')
  const toasts = page.locator('paxyo-toasts li')
  await toasts.filter({ hasText: 'Order P-31001' }).waitFor()
  expect(await toasts.filter({ hasText: 'Order P-31001' }).textContent()).toContain('Partial · $0.75 refunded')
  expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true)
  expect([await opened.violations(), opened.consoleErrors, opened.thrown]).toEqual([[], [], []])
  await page.waitForTimeout(400)
  await page.screenshot({ path: `${ARTIFACTS}php-example.png` })
  await page.setViewportSize({ width: 390, height: 844 })
  await page.screenshot({ path: `${ARTIFACTS}php-example-phone.png` })
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 1180, height: 640 })
  await page.waitForTimeout(600) // the rows' colours take their time
  await page.screenshot({ path: `${ARTIFACTS}php-example-dark.png` })
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
  await using cutOff = await startPhpServer(EXAMPLE, { ...phpEnv(), PAXYO_API: 'http://127.0.0.1:1' })
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

test('the commands of its README, as they stand there', async () => {
  const readme = readFileSync(join(EXAMPLE, '../README.md'), 'utf8')
  const [startPaxyo, startPhp, webhook, ...rest] = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)].map(
    (match) => match[1]!,
  )
  expect(rest).toEqual([])
  const [port, phpPort] = [await freePort(), await freePort()]
  const inPlace = (block: string): string =>
    block.replaceAll('localhost:8080', `localhost:${port}`).replaceAll('localhost:8000', `localhost:${phpPort}`)
  const ended: Promise<unknown>[] = []
  const started: ChildProcess[] = []
  const start = (block: string, env: Record<string, string>): (() => string) => {
    // In a separate process group, so that the processes that the shell and npm start are ended with them.
    const child = spawn('sh', ['-ec', inPlace(block)], { cwd: ROOT, env: { ...process.env, ...env }, detached: true })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    started.push(child)
    ended.push(once(child, 'exit'))
    return () => output
  }
  try {
    const standaloneEnv = { DATA_DIR: join(dataDir, 'standalone'), PORT: String(port), DATABASE_URL: '', REDIS_URL: '' }
    const paxyo = start(startPaxyo!, standaloneEnv)
    const line = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paxyo())?.[1]
    const panelKey = await eventually(() => line('panel key'))
    const folder = mkdtempSync(join(dataDir, 'panel-'))
    const phpOutput = start(startPhp!.replace('the panel key', panelKey), { PANEL_DATA_DIR: folder })
    await eventually(() => phpOutput().includes('started'))

    const opened = await openPage(browser, `http://localhost:${phpPort}/smm.php`)
    await order(opened.page, '777')
    const env = { ...process.env, WEBHOOK_TOKEN: line('webhook token')! }
    const { stdout } = await promisify(execFile)('sh', ['-ec', inPlace(webhook!)], { env })
    expect(JSON.parse(stdout)).toEqual({ results: [{ orderId: '777', outcome: 'applied', refund: '0.75' }] })
    await opened.page.waitForSelector('[data-order-id="P-777"][data-status="partial"]')
    expect(await opened.violations()).toEqual([])
    await opened.page.context().close()
  } finally {
    for (const { pid } of started) process.kill(-pid!, 'SIGTERM')
    await Promise.all(ended)
    await eventually(() =>
      fetch(`http://localhost:${port}/livez`).then(
        () => false,
        () => true,
      ),
    )
  }
})
