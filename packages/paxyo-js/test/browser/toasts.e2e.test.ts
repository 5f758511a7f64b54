import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { findAccessibilityFaults, takeScreenshot } from '@paxyo/testkit'
import { fieldText, row, startStage, type Stage } from './stage.ts'
import type { System } from '../../../../infra/e2e/system.ts'

/** As the script has it. */
const TOAST_MS = 8_000

let stage: Stage
let system: System
beforeAll(async () => {
  stage = await startStage()
  system = stage.system
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
})

test('the page’s CSS does not reach the toasts, and theirs does not reach the page', async () => {
  await system.register({ orderId: 'A-2', providerOrderId: '102', userId: 'bea' })
  const css = `html { font-size: 4px } * { color: rgb(255, 0, 0) !important; display: block; position: static !important }
    li, ol, button { display: none !important; opacity: 0 !important }`
  await using opened = await stage.openLive('bea', { css })
  await system.webhook({ order_id: '102', status: 'completed' })
  const toast = await opened.page.waitForSelector('paxyo-toasts li', { state: 'visible' })
  const computed = await toast.evaluate((element) => ({
    color: getComputedStyle(element).color,
    position: getComputedStyle((element.getRootNode() as ShadowRoot).host).position,
    fontSize: getComputedStyle(element).fontSize,
  }))
  expect(computed).toEqual({ color: 'rgb(27, 31, 36)', position: 'fixed', fontSize: '16px' })
  expect(await opened.page.$eval('main', (main) => getComputedStyle(main).pointerEvents)).toBe('auto')
})

test('axe finds nothing serious while toasts are shown, light and dark', async () => {
  for (const [index, colorScheme] of (['light', 'dark'] as const).entries()) {
    const userId = `axe-${colorScheme}`
    const statuses = ['completed', 'canceled', 'failed']
    const ids = statuses.map((_, each) => `AX-${index}-${each}`)
    for (const [each, orderId] of ids.entries()) {
      await system.register({ orderId, providerOrderId: `2${index}${each}`, userId })
    }
    const css = '@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }'
    await using opened = await stage.openLive(userId, { rows: ids.map((id) => row(id)).join(''), css }, { colorScheme })
    for (const [each, status] of statuses.entries()) await system.webhook({ order_id: `2${index}${each}`, status })
    await opened.page.waitForSelector('paxyo-toasts li:nth-child(3)')
    expect(await findAccessibilityFaults(opened.page)).toEqual([])
    await takeScreenshot(opened.page, `paxyo-js-toasts-${colorScheme}`)
  }
})

test('a toast names what was ordered and leads to it, and an order can be without toasts', async () => {
  const links = ['https://www.instagram.com/paxyo', 'javascript:alert(1)', 'https://example.com/quiet']
  for (const [index, link] of links.entries()) {
    await system.register({ orderId: `S-${index}`, providerOrderId: `15${index}`, userId: 'sue', link })
  }
  const rows = `${row('S-0')}${row('S-1')}</tbody><tbody data-toast="off">${row('S-2')}`
  await using opened = await stage.openLive('sue', { rows })
  const { page } = opened
  for (const index of [2, 1, 0]) await system.webhook({ order_id: `15${index}`, status: 'Partial', remains: '157' })
  const link = await page.waitForSelector('paxyo-toasts a')
  expect([await link.textContent(), await link.getAttribute('href'), await link.getAttribute('rel')]).toEqual([
    'instagram.com/paxyo',
    links[0],
    'noopener noreferrer',
  ])
  expect(await page.$$eval('paxyo-toasts >> li', (all) => all.map(({ textContent }) => textContent))).toEqual([
    'Order S-1Partial · $0.39 refundedInstagram followersjavascript:alert(1)×',
    'Order S-0Partial · $0.39 refundedInstagram followersinstagram.com/paxyo×',
  ])
  expect(await page.getAttribute('[data-order-id="S-2"]', 'data-status')).toBe('partial')
  expect(await page.locator('paxyo-toasts a').count()).toBe(1)
})

test('toasts are dismissed by keyboard, and focus goes on to the next and then back to where it was', async () => {
  for (const each of [1, 2])
    await system.register({ orderId: `K-${each}`, providerOrderId: `30${each}`, userId: 'kay' })
  await using opened = await stage.openLive('kay')
  const { page } = opened
  await page.evaluate(() => {
    const button = document.createElement('button')
    button.id = 'own'
    document.body.append(button)
    button.focus()
  })
  for (const each of [1, 2]) await system.webhook({ order_id: `30${each}`, status: 'completed' })
  await page.waitForSelector('paxyo-toasts li:nth-child(2)')
  const focused = () =>
    page.evaluate(() => {
      const inner = document.activeElement?.shadowRoot?.activeElement
      return inner?.getAttribute('aria-label') ?? document.activeElement?.id
    })
  await page.evaluate(() => document.querySelector('paxyo-toasts')!.before(document.querySelector('#own')!))
  await page.focus('#own')
  // The link of the order comes first.
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Dismiss: Order K-1')
  await page.keyboard.press('Enter')
  expect(await focused()).toBe('Dismiss: Order K-2')
  await page.keyboard.press('Escape')
  expect(await focused()).toBe('own')
  expect(await page.locator('paxyo-toasts li').count()).toBe(0)
})

test('toasts go by themselves, but not while somebody points at one', async () => {
  await system.register({ orderId: 'T-1', providerOrderId: '401', userId: 'tom' })
  await using opened = await stage.openLive('tom')
  const { page } = opened
  // From here on the page's timers are the test's.
  await page.clock.install()
  await system.webhook({ order_id: '401', status: 'completed' })
  await page.hover('paxyo-toasts li')
  await page.clock.runFor(60_000)
  expect(await page.locator('paxyo-toasts li').count()).toBe(1)
  await page.mouse.move(0, 0)
  await page.clock.runFor(TOAST_MS)
  await page.waitForSelector('paxyo-toasts li', { state: 'detached' })
  expect(await page.textContent('paxyo-toasts [role="status"]')).toBe('')
})

test('right to left, in Arabic, with words of the page’s own, and without motion for those who want none', async () => {
  await system.register({ orderId: 'R-1', providerOrderId: '901', userId: 'rim' })
  const words = JSON.stringify({ completed: 'تم التسليم' }).replaceAll('"', '&quot;')
  const options = { rows: row('R-1'), attributes: 'lang="ar" dir="rtl"', script: `data-words="${words}"` }
  await using opened = await stage.openLive('rim', options, {
    reducedMotion: 'reduce',
    viewport: { width: 1000, height: 600 },
  })
  await system.webhook({ order_id: '901', status: 'completed' })
  const toast = await opened.page.waitForSelector('paxyo-toasts li')
  expect(await toast.textContent()).toBe('الطلب \u2068R-1\u2069تم التسليمInstagram followersinstagram.com/somebody×')
  expect(await fieldText(opened.page, 'R-1', 'status')).toBe('تم التسليم')
  const { x } = (await toast.boundingBox())!
  expect(x).toBeLessThan(100)
  expect(await toast.evaluate((element) => getComputedStyle(element).animationName)).toBe('none')
  await takeScreenshot(opened.page, 'paxyo-js-rtl')
})

test('those who mind no motion see toasts come in', async () => {
  await system.register({ orderId: 'R-2', providerOrderId: '902', userId: 'ron' })
  await using opened = await stage.openLive('ron', {}, { reducedMotion: 'no-preference' })
  await system.webhook({ order_id: '902', status: 'completed' })
  const toast = await opened.page.waitForSelector('paxyo-toasts li')
  expect(await toast.evaluate((element) => getComputedStyle(element).animationName)).toBe('in')
})
