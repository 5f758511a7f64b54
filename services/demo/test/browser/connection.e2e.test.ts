import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { eventually, freePort, mintToken, startChaosProxy, startRawChromium } from '@paxyo/testkit'
import { openBrowser, openPanel, type OpenBrowser } from './panel-page.ts'
import { startSystem, type System } from '../../../../infra/e2e/system.ts'

let system: System
let browsers: OpenBrowser
beforeAll(async () => {
  ;[system, browsers] = await Promise.all([startSystem(), openBrowser()])
})
afterEach(async () => {
  await browsers.closePages()
})
afterAll(async () => {
  await browsers[Symbol.asyncDispose]()
  await system[Symbol.asyncDispose]()
})

async function registerOrders(userId: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const response = await system.register({
      userId,
      orderId: `${userId}-${index}`,
      providerOrderId: `${userId}${index}`,
    })
    expect(response.status).toBe(201)
  }
}

test('the server is killed and comes back: the page says so, and has missed nothing', async () => {
  await registerOrders('killed', 4)
  await system.deposit('killed', '1')
  await using proxy = await startChaosProxy(Number(new URL(system.gateway.url).port))
  const address = await system.servePage('killed', { socketUrl: `ws://127.0.0.1:${proxy.port}/ws` })
  const panel = await openPanel(browsers.browser, address)
  const { page } = panel

  await system.gateway.end('SIGKILL')
  // No server listens there, so the delays of the retries grow and the page shows a countdown.
  proxy.target = await freePort()
  proxy.cut()
  await panel.state('reconnecting')
  await eventually(async () => /retry in \d+ s/.test((await page.textContent('#connection')) ?? ''))
  await system.webhook([0, 1, 2].map((index) => ({ order_id: `killed${index}`, status: 'canceled' })))

  system.gateway = await system.start('ws-gateway')
  proxy.target = Number(new URL(system.gateway.url).port)
  await panel.state('live')
  await page.waitForSelector('[data-order-id="killed-2"] [data-status="canceled"]')
  expect(await Promise.all([0, 1, 2, 3].map((index) => panel.status(`killed-${index}`)))).toEqual([
    'canceled',
    'canceled',
    'canceled',
    'pending',
  ])
  expect(await page.textContent('#balance')).toBe('$8.50')
  expect(await page.textContent('#connection')).toMatch(/Live\s*since \d\d:\d\d/)
  expect(panel.welcomes).toEqual(['snapshot', 'resumed'])
  expect(panel.faults).toEqual([])
})

test('without a network the page says that it is offline, and what happened meanwhile comes after', async () => {
  await registerOrders('offline', 1)
  const panel = await openPanel(browsers.browser, await system.servePage('offline'))
  await panel.page.context().setOffline(true)
  await panel.state('offline')
  expect(await panel.page.textContent('#connection')).toMatch(/Offline\s*since \d\d:\d\d/)
  await system.webhook({ order_id: 'offline0', status: 'canceled' })
  expect(await panel.status('offline-0')).toBe('pending')

  await panel.page.context().setOffline(false)
  await panel.page.waitForSelector('[data-order-id="offline-0"] [data-status="canceled"]')
  await panel.state('live')
  expect(panel.faults).toEqual([])
})

test('a first visit while the server is away shows that it waits, and goes on by itself', async () => {
  await registerOrders('early', 1)
  await using proxy = await startChaosProxy(await freePort())
  const address = await system.servePage('early', { socketUrl: `ws://127.0.0.1:${proxy.port}/ws` })
  const page = await browsers.browser.newPage()
  await page.goto(address)
  await page.getByText('The server cannot be reached yet').waitFor()
  expect(await page.locator('.skeleton').count()).toBeGreaterThan(0)
  proxy.target = Number(new URL(system.gateway.url).port)
  await page.waitForSelector('[data-order-id="early-0"]')
  expect(await page.isHidden('#problem')).toBe(true)
  expect(await page.locator('.skeleton').count()).toBe(0)
})

test('on a slow network the page shows what is to come, and claims nothing', async () => {
  await registerOrders('slow', 1)
  const address = await system.servePage('slow')
  const page = await browsers.browser.newPage()
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/demo/files/panel.js', async (route) => {
    await released
    await route.continue()
  })
  await page.goto(`${address}?lang=de`, { waitUntil: 'commit' })
  await page.waitForSelector('#orders .skeleton')
  const text = await page.innerText('body')
  expect(text).toContain('Verbinde')
  expect(text).toContain('Dienst')
  // Neither that there are no orders, nor that there are no refunds.
  for (const claim of ['#empty', '#no-refunds', '#no-notifications']) expect(await page.isVisible(claim)).toBe(false)
  expect(await page.locator('#refunds .skeleton').count()).toBeGreaterThan(0)

  release()
  await page.waitForSelector('[data-order-id="slow-0"]')
  await page.getByText('Erstattungen für stornierte').waitFor()
  expect(await page.locator('.skeleton').count()).toBe(0)
})

test('another language is chosen in the page, which goes on where it was', async () => {
  await registerOrders('polyglot', 1)
  const { page, welcomes, faults } = await openPanel(browsers.browser, await system.servePage('polyglot'))
  await page.getByRole('combobox', { name: 'Language' }).selectOption('ar')
  await page.getByRole('heading', { name: 'الطلبات', exact: true }).waitFor()
  await page.waitForSelector('#connection[data-state="live"]')
  expect(await page.textContent('[data-order-id="polyglot-0"] .badge')).toBe('قيد الانتظار')
  expect(await page.inputValue('#language')).toBe('ar')
  expect(welcomes.at(-1)).toBe('resumed')
  expect(faults).toEqual([])
})

test('who is not let in is told that it is over, and may reload', async () => {
  const secret = 'a-secret-that-the-gateway-has-never-seen'
  const address = await system.servePage('stranger', { mintToken: () => mintToken('stranger', { secret }) })
  const page = await browsers.browser.newPage()
  await page.goto(address)
  await page.waitForSelector('#connection[data-state="closed"]')
  await page.getByRole('alert').getByText('The connection has ended.').waitFor()
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Reload the page' }).click()])
  expect(await page.locator('[data-order-id]').count()).toBe(0)
})

test('a background tab keeps up, notifies, and shows it as soon as it is looked at', async () => {
  await registerOrders('background', 2)
  await system.deposit('background', '1')
  await using browser = await startRawChromium()
  const tab = await browser.open(await system.servePage('background'))
  await eventually(() => tab.evaluate(`document.querySelector('#connection').dataset.state === 'live'`))
  // The user has allowed and turned on notifications before.
  await tab.evaluate(`{
    globalThis.shown = []
    globalThis.Notification = class extends EventTarget {
      static permission = 'granted'
      constructor(title, { body }) { super(); shown.push(title + ': ' + body) }
    }
    localStorage.setItem('paxyo-desktop-notifications', 'on')
  }`)
  await browser.open('about:blank')
  await eventually(() => tab.evaluate('document.hidden'))

  await system.webhook({ order_id: 'background0', status: 'canceled' })
  await eventually(async () => (await tab.evaluate('document.title')) === '(1) Orders · Paxyo')
  expect(await tab.evaluate('document.hidden')).toBe(true)
  await eventually(async () => (await tab.evaluate('shown.length')) === 1)
  expect(await tab.evaluate('shown')).toEqual(['Canceled, $2.50 refunded: Instagram followers #background0'])
  const balance = `document.querySelector('#balance-figure').textContent`
  await eventually(async () => (await tab.evaluate(balance)) === '$3.50')

  await tab.activate()
  await eventually(() => tab.evaluate('!document.hidden'))
  await system.webhook({ order_id: 'background1', status: 'canceled' })
  await eventually(async () => (await tab.evaluate(`document.querySelector('#balance').textContent`)) === '$6.00')
  expect(await tab.evaluate('shown.length')).toBe(1)
})
