import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '@paxyo/testkit'
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

let users = 0
/** A new user for each test, with orders `<user>-0` …, of which the last is the newest. */
async function createUser(services: readonly string[]): Promise<{ userId: string; address: string }> {
  users += 1
  const userId = `live-${users}`
  for (const [index, service] of services.entries()) {
    const details = { orderId: `${userId}-${index}`, providerOrderId: `${users}00${index}`, charge: '2.5', service }
    const response = await system.register({ ...details, userId, link: `https://example.com/${service}/${index}` })
    expect(response.status).toBe(201)
  }
  return { userId, address: await system.servePage(userId) }
}
const providerId = (userId: string, index: number): string => `${userId.split('-')[1]}00${index}`

test('a browser that forbids storage shows the panel all the same', async () => {
  const { userId, address } = await createUser(['Followers'])
  const context = await browsers.browser.newContext()
  const page = await context.newPage()
  const thrown: string[] = []
  page.on('pageerror', (error) => thrown.push(error.message))
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException('Access is denied for this document.', 'SecurityError')
        },
      })
    }
  })
  await page.goto(address)
  await page.waitForSelector(`[data-order-id="${userId}-0"]`)
  await page.click('#theme')
  expect(await page.getAttribute('html', 'data-theme')).toMatch(/light|dark/)
  expect(thrown).toEqual([])
  await context.close()
})

test('the totals are those of all orders, and orders older than the page can be loaded', async () => {
  const { userId, address } = await createUser(['Followers'])
  await system.webhook({ order_id: providerId(userId, 0), status: 'Canceled' })
  await system.registerAll(
    Array.from({ length: 210 }, (_, index) => {
      const details = { orderId: `${userId}-newer-${index}`, providerOrderId: `${userId}-${index}`, charge: '1' }
      return { ...details, userId, service: 'Likes', link: 'https://example.com/' }
    }),
  )
  const { page, faults } = await openPanel(browsers.browser, address)
  expect(await page.textContent('#refunded-total')).toBe('$2.50')
  expect(await page.textContent('#open-count')).toBe('210')
  expect(await page.textContent('[data-filter="canceled"] .count')).toBe('1')

  await page.click('[data-filter="canceled"]')
  expect(await page.locator('[data-order-id]').count()).toBe(0)
  await page.click('#older')
  await page.waitForSelector(`[data-order-id="${userId}-0"]`)
  await page.locator('#older').waitFor({ state: 'hidden' })
  expect(await page.textContent('#refunded-total')).toBe('$2.50')
  // As in the list, so after a reload, which continues from the saved state.
  await page.reload()
  await page.waitForSelector('#connection[data-state="live"]')
  expect(await page.textContent('#refunded-total')).toBe('$2.50')
  expect(faults).toEqual([])
})

test('a change is seen in its row, the balance, a toast, the refunds and behind the bell', async () => {
  const { userId, address } = await createUser(['Followers', 'Views'])
  await system.deposit(userId, '1')
  const { page, faults, status } = await openPanel(browsers.browser, address)
  expect(await page.textContent('#open-count')).toBe('2')
  // There is no simulated provider here.
  expect(await page.isHidden('#simulator')).toBe(true)
  expect(await page.locator('button.order-id').count()).toBe(0)

  const row = page.locator(`[data-order-id="${userId}-0"]`)
  await system.webhook({ order_id: providerId(userId, 0), status: 'Partial', remains: '300', start_count: '7' })
  // These elements exist for a few seconds only, so the page itself reads them as soon as they appear.
  const shown = await page.waitForFunction((orderId) => {
    const changed = document.querySelector<HTMLElement>(`[data-order-id="${orderId}"]`)
    if (changed?.querySelector('[data-status="partial"]') === null) return undefined
    const text = (selector: string): string => document.querySelector(selector)!.textContent
    return {
      flash: changed!.dataset['flash'],
      cells: [...changed!.querySelectorAll('td')].map((cell) => cell.textContent),
      balance: text('#balance'),
      toasts: text('#toasts'),
      announced: text('#live-region'),
    }
  }, `${userId}-0`)
  const { flash, cells, balance, toasts, announced } = (await shown.jsonValue())!
  expect(flash).toMatch(/^[ab]$/)
  expect(cells).toEqual([
    expect.stringContaining('Followers'),
    'Partial',
    '70%',
    '1,000',
    '7',
    '300',
    '$2.50',
    '$0.75',
    'just now',
  ])
  expect(await row.locator('time').getAttribute('title')).toMatch(/\d{4}, .*\d:\d\d:\d\d/)
  expect(balance).toBe('$1.75')
  expect(toasts).toContain('Partial, $0.75 refunded')
  expect(announced).toContain('Partial, $0.75 refunded')
  await eventually(async () => (await page.textContent('#balance-figure')) === '$1.75')
  expect(await page.textContent('#refunds')).toContain(`+$0.75`)
  expect(await page.textContent('#refunded-total')).toBe('$0.75')
  expect(await page.title()).toBe('(1) Orders · Paxyo')
  expect(await page.getAttribute('#bell', 'aria-label')).toBe('Notifications, 1 unread')

  await page.click('#bell')
  await page.locator('#notifications', { hasText: 'Partial, $0.75 refunded' }).waitFor()
  await eventually(async () => (await page.title()) === 'Orders · Paxyo')
  expect(await page.isHidden('#unread')).toBe(true)

  // Only the changed row was updated, and its highlight ends.
  expect(await status(`${userId}-1`)).toBe('pending')
  expect(await page.locator(`[data-order-id="${userId}-1"]`).getAttribute('data-flash')).toBeNull()
  await eventually(async () => (await row.getAttribute('data-flash')) === null)
  expect(faults).toEqual([])
})

test('orders are filtered, searched, sorted and paged', async () => {
  const { userId, address } = await createUser(Array.from({ length: 30 }, (_, index) => `Service ${index}`))
  await system.webhook([
    { order_id: providerId(userId, 3), status: 'canceled' },
    { order_id: providerId(userId, 4), status: 'completed' },
  ])
  const { page, faults } = await openPanel(browsers.browser, address)
  const shown = (): Promise<(string | null)[]> =>
    page.locator('#orders tr').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset['orderId'] ?? null))
  expect((await shown()).slice(0, 2)).toEqual([`${userId}-29`, `${userId}-28`])
  expect(await page.textContent('#range')).toBe('1–25 of 30')
  await page.click('#next')
  expect(await shown()).toHaveLength(5)
  expect(await page.textContent('#range')).toBe('26–30 of 30')

  await page.click('[data-filter="canceled"]')
  expect(await shown()).toEqual([`${userId}-3`])
  expect(await page.getAttribute('[data-filter="canceled"]', 'aria-pressed')).toBe('true')
  expect(await page.textContent('[data-filter="open"] .count')).toBe('28')

  await page.click('[data-filter="all"]')
  await page.fill('#search', `service ${providerId(userId, 12)}`)
  expect(await shown()).toEqual([`${userId}-12`])
  await page.fill('#search', 'no such order')
  expect(await page.textContent('#empty-title')).toBe('No orders match')
  await page.click('#clear')
  expect(await shown()).toHaveLength(25)

  await page.getByRole('button', { name: 'Status' }).click()
  expect(await page.locator('th', { hasText: 'Status' }).getAttribute('aria-sort')).toBe('ascending')
  await page.getByRole('button', { name: 'Status' }).click()
  expect((await shown()).slice(0, 2)).toEqual([`${userId}-3`, `${userId}-4`])
  expect(faults).toEqual([])
})

test('a new order appears on top, and a user without orders is told what will happen', async () => {
  const { userId, address } = await createUser([])
  const { page, faults } = await openPanel(browsers.browser, address)
  await page.getByText('No orders yet').waitFor()
  expect(await page.textContent('#balance')).toBe('–')

  await system.register({ orderId: `${userId}-0`, providerOrderId: `${userId}-first`, userId })
  await page.waitForSelector(`[data-order-id="${userId}-0"]`)
  expect(await page.isHidden('#empty')).toBe(true)
  expect(await page.textContent('#toasts')).toContain('New order')
  expect(faults).toEqual([])
})

test('a reload resumes where the page was: no snapshot, nothing missed, nothing forgotten', async () => {
  const { userId, address } = await createUser(['Followers', 'Views', 'Likes'])
  await system.deposit(userId, '1')
  const panel = await openPanel(browsers.browser, address)
  const { page, welcomes } = panel
  await system.webhook({ order_id: providerId(userId, 0), status: 'canceled' })
  await page.waitForSelector(`[data-order-id="${userId}-0"] [data-status="canceled"]`)

  await page.goto('about:blank')
  await system.webhook({ order_id: providerId(userId, 1), status: 'Partial', remains: '100' })
  await page.goBack()
  await panel.state('live')
  await page.waitForSelector(`[data-order-id="${userId}-1"] [data-status="partial"]`)
  await page.reload()
  await panel.state('live')

  await eventually(() => welcomes.length >= 2)
  expect(welcomes[0]).toBe('snapshot')
  expect(new Set(welcomes.slice(1))).toEqual(new Set(['resumed']))
  expect(await page.textContent('#balance')).toBe('$3.75')
  expect(await page.locator('#refunds li strong').allTextContents()).toEqual(['+$0.25', '+$2.50'])
  expect(await page.getAttribute('#bell', 'aria-label')).toBe('Notifications, 2 unread')
  expect(panel.faults).toEqual([])
})

test('two tabs of a user show the same, also after one of them was reloaded', async () => {
  const { userId, address } = await createUser(['Followers', 'Views'])
  await system.deposit(userId, '1')
  const first = await openPanel(browsers.browser, address)
  const second = await first.page.context().newPage()
  await second.goto(address)
  await second.waitForSelector('#connection[data-state="live"]')
  await system.webhook({ order_id: providerId(userId, 0), status: 'canceled' })
  for (const tab of [first.page, second]) {
    await tab.waitForSelector(`[data-order-id="${userId}-0"] [data-status="canceled"]`)
    await tab.reload()
  }
  await system.webhook({ order_id: providerId(userId, 1), status: 'partial', remains: '100' })
  for (const tab of [first.page, second]) {
    await tab.waitForSelector(`[data-order-id="${userId}-1"] [data-status="partial"]`)
    expect(await tab.textContent('#balance')).toBe('$3.75')
    expect(await tab.getAttribute('#bell', 'aria-label')).toBe('Notifications, 2 unread')
  }
  expect(first.faults).toEqual([])
})

test("what one user's page kept is not shown to the next user of the tab", async () => {
  const first = await createUser(['Followers'])
  const second = await createUser(['Views'])
  const { page, welcomes, state } = await openPanel(browsers.browser, first.address)
  const saved = await eventually(() => page.evaluate(() => sessionStorage.getItem('paxyo-panel') ?? undefined))
  await page.goto(second.address)
  // As if both users had logged in at the same URL.
  await page.evaluate((item) => sessionStorage.setItem('paxyo-panel', item), saved)
  await page.addInitScript((item) => sessionStorage.setItem('paxyo-panel', item), saved)
  await page.reload()
  await state('live')
  await page.waitForSelector(`[data-order-id="${second.userId}-0"]`)
  expect(await page.locator(`[data-order-id="${first.userId}-0"]`).count()).toBe(0)
  expect(welcomes.at(-1)).toBe('snapshot')
})

test('the keyboard is enough', async () => {
  const { userId, address } = await createUser(['Followers', 'Views'])
  const { page, faults } = await openPanel(browsers.browser, address)
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement!.id)

  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement!.className)).toBe('skip-link')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('search')
  await page.keyboard.type('view/s')
  await page.keyboard.press('Escape')
  expect(await page.inputValue('#search')).toBe('')
  expect(await page.locator('[data-order-id]').count()).toBe(2)
  await page.keyboard.press('Escape')
  expect(await focused()).toBe('')
  await page.keyboard.press('/')
  expect([await focused(), await page.inputValue('#search')]).toEqual(['search', ''])

  await page.focus('#bell')
  await page.keyboard.press('Enter')
  expect(await page.isVisible('#notification-centre')).toBe(true)
  await page.keyboard.press('Escape')
  expect([await page.isVisible('#notification-centre'), await focused()]).toEqual([false, 'bell'])

  await system.webhook({ order_id: providerId(userId, 0), status: 'canceled' })
  await page.waitForSelector('.toast')
  await page.keyboard.press('Escape')
  expect(await page.locator('.toast').count()).toBe(0)
  expect(faults).toEqual([])
})

test('the theme is that of the system until somebody says otherwise, and stays said', async () => {
  const { address } = await createUser(['Followers'])
  const { page, faults } = await openPanel(browsers.browser, address, { colorScheme: 'dark' })
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await ground()
  expect(await page.getAttribute('#theme', 'aria-pressed')).toBe('true')
  await page.click('#theme')
  const light = await ground()
  expect(light).not.toBe(dark)
  await page.reload()
  expect([await ground(), await page.getAttribute('#theme', 'aria-pressed')]).toEqual([light, 'false'])
  expect(faults).toEqual([])
})

/** A fake of the browser's desktop notifications. */
interface Desktop {
  asked: number
  shown: string[]
  /** As in Chrome on Android, where only a service worker may show them. */
  rejects: boolean
}

test('desktop notifications are asked for by a click only, and come while nobody looks', async () => {
  const { userId, address } = await createUser(['Followers'])
  const { page, faults } = await openPanel(browsers.browser, address)
  // Before the page's own script: a browser without windows has no notifications.
  await page.addInitScript(() => {
    const desktop: Desktop = { asked: 0, shown: [], rejects: false }
    class FakeNotification extends EventTarget {
      static get permission(): NotificationPermission {
        return desktop.asked > 0 ? 'granted' : 'default'
      }
      static async requestPermission(): Promise<NotificationPermission> {
        desktop.asked += 1
        return 'granted'
      }
      constructor(title: string, { body }: { body: string }) {
        super()
        if (desktop.rejects) throw new TypeError('Illegal constructor.')
        desktop.shown.push(`${title}: ${body}`)
      }
    }
    Object.assign(globalThis, { desktop, Notification: FakeNotification })
    Object.defineProperty(document, 'hidden', { value: true })
  })
  await page.reload()
  await page.waitForSelector('[data-state="live"]')
  const desktop = (): Promise<Desktop> => page.evaluate(() => (globalThis as unknown as { desktop: Desktop }).desktop)
  await page.click('#bell')
  expect((await desktop()).asked).toBe(0)
  await page.click('#desktop')
  await page.getByText('Desktop notifications are on').waitFor()
  expect((await desktop()).asked).toBe(1)

  await system.webhook({ order_id: providerId(userId, 0), status: 'In progress' })
  await eventually(async () => (await desktop()).shown.length === 1)
  expect((await desktop()).shown[0]).toContain('Followers')
  await page.evaluate(() => Object.assign((globalThis as unknown as { desktop: Desktop }).desktop, { rejects: true }))
  await system.webhook({ order_id: providerId(userId, 0), status: 'Completed', remains: '0' })
  await page.locator(`[data-order-id="${userId}-0"] [data-status="completed"]`).first().waitFor({ state: 'attached' })
  await page.locator('#live-region', { hasText: 'Completed' }).waitFor({ state: 'attached' })

  await page.click('#desktop')
  await page.getByText('Turn on desktop notifications').waitFor()
  expect(faults).toEqual([])
})
