import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { findAccessibilityFaults } from '@paxyo/testkit'
import type { Page } from 'playwright-core'
import { openBrowser, openPanel, type OpenBrowser } from './panel-page.ts'
import { startSystem, type System } from '../../../../infra/e2e/system.ts'

const STATUSES = [
  { status: 'In progress', remains: '400', start_count: '12' },
  { status: 'Completed' },
  { status: 'Partial', remains: '300' },
  { status: 'canceled' },
  { status: 'failed' },
  { status: 'Processing' },
]

let system: System
let browsers: OpenBrowser
let address: string
beforeAll(async () => {
  ;[system, browsers] = await Promise.all([startSystem(), openBrowser()])
  for (const [index, update] of STATUSES.entries()) {
    await system.register({ userId: 'axe', orderId: `axe-${index}`, providerOrderId: `5${index}` })
    await system.webhook({ order_id: `5${index}`, ...update })
  }
  address = await system.servePage('axe')
})
afterEach(async () => {
  await browsers.closePages()
})
afterAll(async () => {
  await browsers[Symbol.asyncDispose]()
  await system[Symbol.asyncDispose]()
})

test.each([1440, 390])(
  '%d px: in light and dark axe finds no serious fault, and nothing is wider than the screen',
  async (width) => {
    const viewport = { width, height: width > 1000 ? 900 : 844 }
    const { page, faults, screenshot } = await openPanel(browsers.browser, address, { viewport })
    await page.waitForSelector('[data-order-id="axe-5"]')
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect({ colorScheme, faults: await findAccessibilityFaults(page) }).toEqual({ colorScheme, faults: [] })
      await screenshot(`${colorScheme}-${width}`)

      await system.register({
        userId: 'axe',
        orderId: `axe-${colorScheme}-${width}`,
        providerOrderId: `${width}${colorScheme}`,
      })
      await system.webhook({ order_id: `${width}${colorScheme}`, status: 'partial', remains: '10' })
      await page.waitForSelector('.toast')
      await page.click('#bell')
      expect({ colorScheme, faults: await findAccessibilityFaults(page) }).toEqual({ colorScheme, faults: [] })
      await screenshot(`${colorScheme}-${width}-notifications`)
      // Closes the notifications, then the toasts.
      for (let press = 0; press < 2; press += 1) await page.keyboard.press('Escape')
    }

    for (const direction of ['ltr', 'rtl']) {
      await page.evaluate((dir) => (document.documentElement.dir = dir), direction)
      const isTooWide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      )
      expect({ direction, isTooWide }).toEqual({ direction, isTooWide: false })
      await screenshot(`${direction}-${width}`)
    }
    expect(faults).toEqual([])
  },
)

/** Visible controls that are less than 44 px high, with the area around them that counts. */
async function findSmallTargets(page: Page): Promise<unknown[]> {
  return page.evaluate(() => {
    const targets = [...document.querySelectorAll<HTMLElement>('button, select, input, a')]
    return targets.flatMap((target) => {
      const { width, height } = target.getBoundingClientRect()
      if (width === 0 || target.closest('.skip-link') !== null) return []
      const around = getComputedStyle(target, '::before')
      const reached = Math.max(height, around.content === 'none' ? 0 : Number.parseFloat(around.height))
      return reached >= 44 ? [] : [`${target.outerHTML.slice(0, 80)} ${reached}`]
    })
  })
}

/** Texts of buttons, headings and states that are wider than what they are in. */
async function findClippedTexts(page: Page): Promise<unknown[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, h1, h2, dt, dd, .badge, th')].flatMap((part) =>
      part.checkVisibility() && part.scrollWidth > part.clientWidth + 1 && getComputedStyle(part).display !== 'inline'
        ? [`${part.textContent} ${part.scrollWidth} > ${part.clientWidth}`]
        : [],
    ),
  )
}

test.each(['de', 'ar'])(
  'in %s nothing is cut off or too small for a finger, and axe finds no serious fault',
  async (language) => {
    for (const hasTouch of [false, true]) {
      const { page, faults, screenshot } = await openPanel(browsers.browser, `${address}?lang=${language}`, {
        hasTouch,
      })
      await page.waitForSelector('[data-order-id="axe-5"]')
      expect(await page.getAttribute('html', 'dir')).toBe(language === 'ar' ? 'rtl' : 'ltr')
      for (const width of hasTouch ? [390] : [1440, 1024]) {
        await page.setViewportSize({ width, height: 844 })
        await page.emulateMedia({ colorScheme: width === 1024 ? 'dark' : 'light' })
        const clipped = await findClippedTexts(page)
        const accessibility = await findAccessibilityFaults(page)
        const small = hasTouch ? await findSmallTargets(page) : []
        expect({ width, clipped, accessibility, small }).toEqual({ width, clipped: [], accessibility: [], small: [] })
        const scrollWidth = await page.evaluate(() => document.documentElement.scrollWidth)
        expect(scrollWidth).toBeLessThanOrEqual(width)
        await screenshot(`${language}-${width}`)
      }
      expect(faults).toEqual([])
      await page.context().close()
    }
  },
)

test('at any width the orders stay clear of the refunds', async () => {
  const { page } = await openPanel(browsers.browser, address)
  await page.waitForSelector('[data-order-id="axe-5"]')
  const boxOf = async (selector: string) => (await page.locator(selector).boundingBox())!
  for (const width of [1440, 1366, 1280, 1279, 1024]) {
    await page.setViewportSize({ width, height: 800 })
    const [table, section, name] = [
      await boxOf('table'),
      await boxOf('.orders'),
      await boxOf('#orders .service-text >> nth=0'),
    ]
    const [end, room] = [table.x + table.width, section.x + section.width + 0.5]
    expect({ width, isClear: end <= room, isReadable: name.width > 130 }).toEqual({
      width,
      isClear: true,
      isReadable: true,
    })
  }
})

test('without motion nothing moves, and the balance is there at once', async () => {
  await system.deposit('axe', '1')
  const { page } = await openPanel(browsers.browser, address, { reducedMotion: 'reduce' })
  const userOrder = { userId: 'axe', orderId: 'axe-still', providerOrderId: 'still' }
  await system.register(userOrder)
  await page.waitForSelector('[data-order-id="axe-still"]')
  await page.evaluate(() => {
    const figures: (string | null)[] = []
    const figure = document.querySelector('#balance-figure')!
    new MutationObserver(() => figures.push(figure.textContent)).observe(figure, { childList: true, subtree: true })
    Object.assign(globalThis, { figures })
  })
  await system.webhook({ order_id: 'still', status: 'canceled' })
  await page.waitForSelector('[data-order-id="axe-still"] [data-status="canceled"]')
  await page.waitForFunction(() => (globalThis as unknown as { figures: unknown[] }).figures.length > 0)
  // An animation changes the figure in each of the next frames.
  await page.evaluate(async () => {
    for (let frame = 0; frame < 20; frame += 1) await new Promise(requestAnimationFrame)
  })
  expect(await page.evaluate(() => (globalThis as unknown as { figures: unknown[] }).figures)).toHaveLength(1)
})

test('a screen reader finds a table with headers, names for controls, and a live region', async () => {
  const { page } = await openPanel(browsers.browser, address, { viewport: { width: 390, height: 844 } })
  expect(await page.getByRole('table', { name: 'Orders' }).count()).toBe(1)
  expect(await page.getByRole('table').getByRole('row').count()).toBeGreaterThanOrEqual(6)
  expect(await page.getByRole('cell', { name: 'Canceled' }).count()).toBeGreaterThan(0)
  expect(await page.getByRole('searchbox', { name: 'Search orders by service, link or id' }).count()).toBe(1)
  expect(await page.getByRole('progressbar', { name: 'Delivered of order 50' }).count()).toBe(1)
  expect(await page.locator('#live-region[role="status"]').count()).toBe(1)
})
