import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import {
  bundleProgram,
  createTestDatabase,
  eventually,
  finishAnimations,
  freePort,
  startProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { openBrowser, openPanel, type OpenBrowser } from './panel-page.ts'

const STANDALONE = await bundleProgram(fileURLToPath(new URL('../../../standalone/src/main.ts', import.meta.url)))

let database: TestDatabase
let browsers: OpenBrowser
let standalone: Awaited<ReturnType<typeof startProcess>>
let address: string
const dataDir = mkdtempSync(join(tmpdir(), 'paxyo-panel-'))

beforeAll(async () => {
  ;[database, browsers] = await Promise.all([createTestDatabase(), openBrowser()])
  const port = String(await freePort())
  standalone = await startProcess(STANDALONE, { DATABASE_URL: database.url, DATA_DIR: dataDir, PORT: port })
  await eventually(() => standalone.output().includes('panel key: '))
  address = `http://localhost:${port}/`
  await eventually(takeOver)
})
afterEach(async () => {
  await browsers.closePages()
})
afterAll(async () => {
  await browsers[Symbol.asyncDispose]()
  await standalone.end('SIGTERM')
  await database[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The demo moves by itself until a visitor acts; the first action comes before any page is open. */
async function takeOver(): Promise<boolean> {
  const { status } = await fetch(`${address}demo/actions/act`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(address).origin },
    body: JSON.stringify({ action: 'progress', orderId: 'demo-20' }),
  })
  return status === 204
}

const press = (page: Page, name: string): Promise<void> =>
  page.locator('#simulator').getByRole('button', { name, exact: true }).click()

test('the buttons have the provider send webhooks for the selected order', async () => {
  const { page, faults } = await openPanel(browsers.browser, address, { viewport: { width: 1440, height: 900 } })
  const row = page.locator('[data-order-id="demo-16"]')
  await row.locator('.order-id').click()
  expect(await page.textContent('#simulator-target')).toContain('the selected order, Discord members #12360')
  expect(await row.locator('.order-id').getAttribute('aria-pressed')).toBe('true')

  const remains = (): Promise<string | null> => row.locator('[data-label="Remains"]').textContent()
  expect(await remains()).toBe('385')
  await press(page, 'Progress')
  await eventually(async () => (await remains()) === '245')
  await press(page, 'Partial')
  await row.locator('.badge[data-status="partial"]').waitFor()
  expect(await row.locator('[data-label="Refunded"]').textContent()).toBe('$2.73')
  await press(page, 'Cancel')
  await row.locator('.badge[data-status="canceled"]').waitFor()
  expect(await row.locator('[data-label="Refunded"]').textContent()).toBe('$9.10')
  expect(await page.textContent('#refunds')).toContain('+$6.37')
  expect(faults).toEqual([])
})

test('without a selection they are for the newest open order, which may be a new one', async () => {
  const { page, faults } = await openPanel(browsers.browser, address)
  await press(page, 'New order')
  const row = page.locator('[data-order-id="demo-25"]')
  await row.waitFor()
  await page.getByText(/the newest open order, .* #12369/).waitFor()
  await press(page, 'Complete')
  await row.locator('.badge[data-status="completed"]').waitFor()
  await page.getByText(/the newest open order, .* #12368/).waitFor()
  expect(faults).toEqual([])
})

test('a burst is fifty events, and the page takes it', async () => {
  const { page, faults, eventCount } = await openPanel(browsers.browser, address)
  await press(page, 'Burst of 50')
  await eventually(() => eventCount() === 50)
  await page.waitForSelector('#simulator [data-action="burst"][aria-busy="false"]')
  expect(await page.textContent('#simulator-problem')).toBe('')
  expect(faults).toEqual([])
})

test('what goes wrong with an action is said', async () => {
  const { page } = await openPanel(browsers.browser, address)
  await page.route('**/demo/actions/**', (route) => route.fulfill({ status: 503, json: { title: 'Too much waits.' } }))
  await press(page, 'New order')
  await eventually(async () => (await page.textContent('#simulator-problem')) !== '')
  expect(await page.textContent('#simulator-problem')).toBe('That did not work: Too much waits.')
})

test('it looks alive', async () => {
  // As after some weeks of use; otherwise all orders of a demo are as old as the process.
  await database.owner.query(
    `UPDATE orders SET updated_at = now() - make_interval(secs => (25 - substr(order_id, 6)::int) ^ 3 * 60)`,
  )
  for (const viewport of [
    { width: 1440, height: 1000 },
    { width: 390, height: 844 },
  ]) {
    const { page, screenshot } = await openPanel(browsers.browser, address, { viewport })
    await page.waitForFunction(() => document.fonts.check('1em "Hanken Grotesk"'))
    await press(page, 'New order')
    await page.waitForSelector('.toast')
    await press(page, 'Partial')
    await page.waitForSelector('[data-flash] [data-status="partial"]')
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await finishAnimations(page)
      await screenshot(`demo-${colorScheme}-${viewport.width}`)
    }
    expect(await page.locator('[data-order-id]').count()).toBe(25)
    await page.context().close()
  }
})
