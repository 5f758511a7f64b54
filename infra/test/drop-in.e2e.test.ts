import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, launchChromium, mintToken, startChaosProxy, type Browser, type Page } from '@paxyo/testkit'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { openPage, servePanel, strictPolicy, type PanelOptions } from './panel-page.ts'
import { startSystem, type System } from './system.ts'

const ARTIFACTS = fileURLToPath(new URL('../../.artifacts/', import.meta.url))
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let system: System
let browser: Browser
beforeAll(async () => {
  mkdirSync(ARTIFACTS, { recursive: true })
  ;[system, browser] = await Promise.all([startSystem(), launchChromium()])
})
afterAll(async () => {
  await browser.close()
  await system[Symbol.asyncDispose]()
})

const row = (orderId: string, attributes = ''): string => `
  <tr data-order-id="${orderId}" ${attributes}>
    <td>${orderId}</td>
    <td data-field="status" data-status="pending">Pending</td>
    <td><progress data-field="progress" max="100" value="0" aria-label="Progress"></progress></td>
    <td data-field="remains">–</td>
    <td data-field="start-count">–</td>
    <td data-field="refunded">$0.00</td>
    <td data-field="charge">?</td>
  </tr>`

interface PageOptions {
  readonly rows?: string
  readonly script?: string
  readonly gatewayUrl?: string
  readonly attributes?: string
}

const html = ({
  rows = '',
  script = '',
  gatewayUrl = system.gateway.url,
  attributes = 'lang="en"',
}: PageOptions): string => `
  <!doctype html>
  <html ${attributes}>
    <head><meta charset="utf-8"><title>Orders</title><link rel="stylesheet" href="/panel.css"><link rel="icon" href="data:,"></head>
    <body>
      <main>
        <h1>Orders</h1>
        <p>Balance <strong data-balance>?</strong> <span data-connection>?</span></p>
        <table>
          <thead><tr>${'Order Status Progress Remains Start Refunded Charge'.replaceAll(/\w+/g, '<th scope="col">$&</th>')}</tr></thead>
          <tbody>${rows}</tbody>
        </table>
      </main>
      <script src="${gatewayUrl}/paxyo.js" data-token-url="/token" ${script}></script>
    </body>
  </html>`

/** A page of a user's, with the strictest policy, that is live. */
async function openLive(userId: string, options: PageOptions & Partial<PanelOptions> = {}, context = {}) {
  const gatewayUrl = options.gatewayUrl ?? system.gateway.url
  const panel = await servePanel({
    userId,
    contentSecurityPolicy: `${strictPolicy(gatewayUrl)}; img-src data:`,
    ...options,
    html: html(options),
  })
  const opened = await openPage(browser, panel.url, context)
  await opened.page.waitForSelector('[data-connection="live"]')
  return {
    ...opened,
    async [Symbol.asyncDispose]() {
      await opened.page.context().close()
      await panel[Symbol.asyncDispose]()
    },
  }
}

const text = (page: Page, orderId: string, field: string): Promise<string | null> =>
  page.textContent(`[data-order-id="${orderId}"] [data-field="${field}"]`)

test('one script tag: row, balance, toast and the page’s own code, without a reload and under the strictest policy', async () => {
  await system.register({ orderId: 'A-1', providerOrderId: '101', userId: 'ann', charge: '0.27819' })
  await using opened = await openLive('ann', { rows: row('A-1') })
  const { page } = opened
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))
  // The snapshot fills in what the server did not render.
  await eventually(async () => (await text(page, 'A-1', 'charge')) === '$0.27819')
  expect(await page.textContent('[data-balance]')).toBe('$0.00')

  await system.webhook({ order_id: '101', status: 'In progress', remains: '1000', start_count: '12045' })
  await page.waitForSelector('[data-order-id="A-1"][data-status="in_progress"]')
  expect(await text(page, 'A-1', 'start-count')).toBe('12,045')
  await system.webhook({ order_id: '101', status: 'Partial', remains: '157' })
  await page.waitForSelector('[data-order-id="A-1"][data-status="partial"][data-changed]')
  expect(await text(page, 'A-1', 'status')).toBe('Partial')
  expect(await text(page, 'A-1', 'remains')).toBe('157')
  expect(await text(page, 'A-1', 'refunded')).toBe('$0.04367583')
  expect(await page.$eval('progress', ({ value, max }) => [value, max])).toEqual([84, 100])
  expect(await page.textContent('[data-balance]')).toBe('$0.04367583')
  await page.waitForSelector('paxyo-toasts li[data-tone="mixed"]')
  expect(await page.textContent('paxyo-toasts li')).toBe('Order A-1Partial · $0.04367583 refunded×')
  expect(await page.textContent('paxyo-toasts [role="status"]')).toContain('Order A-1: Partial · $0.04367583 refunded')

  const events = (await opened.events()).filter(({ type }) => type !== 'status')
  expect(events.map(({ type, from }) => [type, from])).toEqual([
    ['snapshot', 'document'],
    ['order', 'A-1'],
    ['account', 'document'],
    ['order', 'A-1'],
    ['refund', 'A-1'],
    ['account', 'document'],
  ])
  expect(events[3]!.detail).toMatchObject({ seq: 3, order: { status: 'partial' }, refund: { amount: '0.04367583' } })
  expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true)
  expect([await opened.violations(), opened.consoleErrors, opened.thrown]).toEqual([[], [], []])
  await page.screenshot({ path: `${ARTIFACTS}drop-in.png` })
})

test('a policy that allows less is noticed by this test', async () => {
  const contentSecurityPolicy = `default-src 'none'; script-src ${system.gateway.url}; connect-src 'self'`
  await using panel = await servePanel({ userId: 'ann', contentSecurityPolicy, html: html({}) })
  const opened = await openPage(browser, panel.url)
  await eventually(async () => (await opened.violations()).some((violation) => violation.startsWith('connect-src ws')))
  expect(opened.thrown).toEqual([])
  await opened.page.context().close()
})

test('the page’s CSS does not reach the toasts, and theirs does not reach the page', async () => {
  await system.register({ orderId: 'A-2', providerOrderId: '102', userId: 'bea' })
  const css = `html { font-size: 4px } * { color: rgb(255, 0, 0) !important; display: block; position: static !important }
    li, ol, button { display: none !important; opacity: 0 !important }`
  await using opened = await openLive('bea', { css })
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
    await using opened = await openLive(userId, { rows: ids.map((id) => row(id)).join(''), css }, { colorScheme })
    for (const [each, status] of statuses.entries()) await system.webhook({ order_id: `2${index}${each}`, status })
    await opened.page.waitForSelector('paxyo-toasts li:nth-child(3)')
    await opened.page.waitForTimeout(300) // until they have faded in: half-transparent text has less contrast
    await opened.page.evaluate(AXE)
    const found = await opened.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } }
      return (await axe.run()).violations.map(({ id, impact, nodes }) => ({
        id,
        impact,
        at: nodes.map((node) => node.html),
      }))
    })
    expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
    await opened.page.screenshot({ path: `${ARTIFACTS}drop-in-toasts-${colorScheme}.png` })
  }
})

interface AxeViolation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

test('toasts are dismissed by keyboard, and focus goes on to the next and then back to where it was', async () => {
  for (const each of [1, 2])
    await system.register({ orderId: `K-${each}`, providerOrderId: `30${each}`, userId: 'kay' })
  await using opened = await openLive('kay')
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
  await using opened = await openLive('tom')
  const { page } = opened
  await system.webhook({ order_id: '401', status: 'completed' })
  await page.hover('paxyo-toasts li')
  await page.waitForTimeout(9_000)
  expect(await page.locator('paxyo-toasts li').count()).toBe(1)
  await page.mouse.move(0, 0)
  await page.waitForSelector('paxyo-toasts li', { state: 'detached', timeout: 10_000 })
  expect(await page.textContent('paxyo-toasts [role="status"]')).toBe('')
})

test('a burst of 1,000 events: the page stays usable, says so once, and is right at the end', async () => {
  const count = 200
  const ids = Array.from({ length: count }, (_, index) => `BU-${index}`)
  await Promise.all(
    ids.map((orderId, index) => system.register({ orderId, providerOrderId: `5${index}`, userId: 'bob' })),
  )
  await using opened = await openLive('bob', { rows: ids.map((id) => row(id)).join('') })
  const { page } = opened
  await page.evaluate(() => {
    const tasks: number[] = []
    Object.assign(globalThis, { tasks })
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration)
    }).observe({ type: 'longtask' })
  })
  const started = performance.now()
  for (const remains of [900, 700, 400, 100, 0]) {
    const status = remains === 0 ? 'Completed' : 'In progress'
    const updates = ids.map((_, index) => ({ order_id: `5${index}`, status, remains: String(remains) }))
    const response = await system.webhook(updates)
    expect(response.status).toBe(200)
  }
  await eventually(async () => (await opened.events()).filter(({ type }) => type === 'order').length === 5 * count)
  const tookMs = Math.round(performance.now() - started)

  const wrong = await page.$$eval(
    'tbody tr',
    (rows) =>
      rows.filter(
        (each) =>
          each.getAttribute('data-status') !== 'completed' ||
          each.querySelector('[data-field="remains"]')!.textContent !== '0' ||
          each.querySelector('progress')!.value !== 100,
      ).length,
  )
  expect(wrong).toBe(0)
  const seqs = (await opened.events()).filter(({ type }) => type === 'order').map(({ detail }) => detail['seq'])
  expect(seqs).toEqual(Array.from({ length: 5 * count }, (_, index) => count + 1 + index))
  await eventually(async () => (await page.textContent('paxyo-toasts ol'))!.includes('Orders updated: 200'))
  expect(await page.locator('paxyo-toasts li').count()).toBe(1)
  const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks)
  const longestMs = Math.round(Math.max(0, ...tasks))
  process.stderr.write(`1,000 events in ${tookMs} ms: ${tasks.length} long tasks, the longest ${longestMs} ms\n`)
  expect(longestMs).toBeLessThan(200)
})

test('the gateway dies and comes back: what happened meanwhile is shown', async () => {
  await system.register({ orderId: 'G-1', providerOrderId: '601', userId: 'gil' })
  const portOf = (url: string): number => Number(new URL(url).port)
  const gateway = await system.start('ws-gateway')
  await using proxy = await startChaosProxy(portOf(gateway.url))
  const gatewayUrl = `http://127.0.0.1:${proxy.port}`
  await using opened = await openLive('gil', { rows: row('G-1'), gatewayUrl })
  const { page } = opened
  await gateway.end('SIGKILL')
  await page.waitForSelector('[data-connection="reconnecting"]')
  await system.webhook({ order_id: '601', status: 'canceled' })
  proxy.target = portOf((await system.start('ws-gateway')).url)
  await page.waitForSelector('[data-order-id="G-1"][data-status="canceled"]', { timeout: 20_000 })
  await page.waitForSelector('[data-connection="live"]')
  expect(await page.textContent('[data-balance]')).toBe('$2.50')
  expect((await opened.events()).filter(({ type }) => type === 'snapshot')).toHaveLength(1)
  expect([opened.consoleErrors.filter((line) => !line.includes('WebSocket connection')), opened.thrown]).toEqual([
    [],
    [],
  ])
})

test('a page that knows the position it was rendered at gets what came after it, and no snapshot', async () => {
  await system.register({ orderId: 'P-1', providerOrderId: '701', userId: 'pia' })
  const { rows } = await system.database.owner.query<{ position: string }>(
    `SELECT epoch || ':' || last_seq AS position FROM stream_epoch, accounts WHERE user_id = 'pia'`,
  )
  await system.webhook({ order_id: '701', status: 'canceled' })
  await using opened = await openLive('pia', { rows: row('P-1'), script: `data-position="${rows[0]!.position}"` })
  await opened.page.waitForSelector('[data-order-id="P-1"][data-status="canceled"]')
  await opened.page.waitForSelector('paxyo-toasts li')
  const types = (await opened.events()).map(({ type }) => type).filter((type) => type !== 'status')
  expect(types).toEqual(['order', 'refund', 'account'])
})

test('rows that come later, move, or are reused for another order are true as well', async () => {
  for (const each of [1, 2])
    await system.register({ orderId: `L-${each}`, providerOrderId: `80${each}`, userId: 'lea' })
  await system.webhook({ order_id: '801', status: 'Processing' })
  await using opened = await openLive('lea', { script: 'data-toasts="off"' })
  const { page } = opened
  await page.evaluate((rowHtml) => {
    document.querySelector('tbody')!.innerHTML = rowHtml
  }, row('L-1'))
  await page.waitForSelector('[data-order-id="L-1"][data-status="processing"]')
  await page.evaluate(() => document.querySelector('tr[data-order-id]')!.setAttribute('data-order-id', 'L-2'))
  await page.waitForSelector('[data-order-id="L-2"][data-status="pending"]')
  await system.webhook({ order_id: '801', status: 'In progress' })
  await system.webhook({ order_id: '802', status: 'Completed' })
  await page.waitForSelector('[data-order-id="L-2"][data-status="completed"]')
  expect(await text(page, 'L-2', 'status')).toBe('Completed')
  const from = (await opened.events()).filter(({ type }) => type === 'order').map((event) => event.from)
  expect(from).toEqual(['document', 'L-2'])
  await page.evaluate(() => {
    document.querySelector('main')!.insertAdjacentHTML('beforeend', '<b data-balance></b>')
  })
  await eventually(async () => (await page.textContent('b[data-balance]')) === '$0.00')
  expect(await page.locator('paxyo-toasts').count()).toBe(0)
})

test('right to left, in Arabic, with words of the page’s own, and without motion for those who want none', async () => {
  await system.register({ orderId: 'R-1', providerOrderId: '901', userId: 'rim' })
  const words = JSON.stringify({ completed: 'تم التسليم' }).replaceAll('"', '&quot;')
  const options = { rows: row('R-1'), attributes: 'lang="ar" dir="rtl"', script: `data-words="${words}"` }
  await using opened = await openLive('rim', options, {
    reducedMotion: 'reduce',
    viewport: { width: 1000, height: 600 },
  })
  await system.webhook({ order_id: '901', status: 'completed' })
  const toast = await opened.page.waitForSelector('paxyo-toasts li')
  expect(await toast.textContent()).toBe('الطلب \u2068R-1\u2069تم التسليم×')
  expect(await text(opened.page, 'R-1', 'status')).toBe('تم التسليم')
  const { x } = (await toast.boundingBox())!
  expect(x).toBeLessThan(100)
  expect(await toast.evaluate((element) => getComputedStyle(element).animationName)).toBe('none')
  await opened.page.screenshot({ path: `${ARTIFACTS}drop-in-rtl.png` })
})

test('those who mind no motion see toasts come in', async () => {
  await system.register({ orderId: 'R-2', providerOrderId: '902', userId: 'ron' })
  await using opened = await openLive('ron', {}, { reducedMotion: 'no-preference' })
  await system.webhook({ order_id: '902', status: 'completed' })
  const toast = await opened.page.waitForSelector('paxyo-toasts li')
  expect(await toast.evaluate((element) => getComputedStyle(element).animationName)).toBe('in')
})

test('an integrity attribute lets these bytes in, and no others', async () => {
  const script = Buffer.from(await (await fetch(`${system.gateway.url}/paxyo.js`)).arrayBuffer())
  const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`
  await using opened = await openLive('ida', { script: `integrity="${integrity}" crossorigin="anonymous"` })
  expect(opened.consoleErrors).toEqual([])

  const wrong = `sha384-${createHash('sha384').update('else').digest('base64')}`
  await using panel = await servePanel({ userId: 'ida', html: html({ script: `integrity="${wrong}" crossorigin` }) })
  const refused = await openPage(browser, panel.url)
  await eventually(() => refused.consoleErrors.some((line) => line.includes('integrity')))
  expect(await refused.events()).toEqual([])
  await refused.page.context().close()
})

test('a token may come as plain text, by POST, with the user’s cookies', async () => {
  const asked: (string | undefined)[] = []
  await using opened = await openLive('eva', {
    script: 'data-token-method="post"',
    answerToken: async ({ method }) => {
      asked.push(method)
      return { body: `${await mintToken('eva')}\n` }
    },
  })
  expect(asked).toEqual(['POST'])
  expect(opened.consoleErrors).toEqual([])
})

test('all tabs of a user are told', async () => {
  await system.register({ orderId: 'M-1', providerOrderId: '1001', userId: 'mia' })
  await using first = await openLive('mia', { rows: row('M-1') })
  const second = await first.page.context().newPage()
  await second.goto(first.page.url())
  await second.waitForSelector('[data-connection="live"]')
  await system.webhook({ order_id: '1001', status: 'completed' })
  const texts = () => Promise.all([first.page, second].map((page) => text(page, 'M-1', 'status')))
  await eventually(async () => (await texts()).every((each) => each === 'Completed'))
  expect(await texts()).toEqual(['Completed', 'Completed'])
})

test('a mistake in the tag is said once, and nothing is thrown into the page', async () => {
  const script = `<script src="${system.gateway.url}/paxyo.js"`
  const wrong: [tag: string, said: string][] = [
    [
      `${script}></script>`,
      'paxyo.js: data-token-url is missing: it names the address of your server that answers a token.',
    ],
    [
      `${script} data-token-url="/token" data-url="ftp://x"></script>`,
      'paxyo.js: data-url is not the address of a gateway',
    ],
    [`${script} data-token-url="/none"></script>`, 'paxyo.js: data-token-url answered something that is neither'],
    [
      `${script} data-token-url="/token" data-tokn="1"></script>`,
      'paxyo.js: data-tokn is not an attribute of this script.',
    ],
    [`${script} data-token-url="/token"></script>`.repeat(2), 'paxyo.js: the script is on this page twice'],
    [
      `<i data-order-id="W-1"><b data-field="colour"></b></i>${script} data-token-url="/token"></script>`,
      'paxyo.js: data-field="colour" is not a field',
    ],
  ]
  await system.register({ orderId: 'W-1', providerOrderId: '1101', userId: 'wim' })
  for (const [tag, said] of wrong) {
    await using panel = await servePanel({
      userId: 'wim',
      html: `<!doctype html><link rel="icon" href="data:,">${tag}`,
    })
    const opened = await openPage(browser, panel.url)
    await eventually(() => opened.consoleErrors.length > 0)
    await opened.page.waitForTimeout(200)
    expect(opened.consoleErrors).toEqual([expect.stringContaining(said)])
    expect(opened.thrown).toEqual([])
    await opened.page.context().close()
  }
})

test('a user who is logged out is not asked for again and again', async () => {
  let asked = 0
  await using panel = await servePanel({
    userId: 'out',
    html: html({}),
    answerToken: async () => {
      asked += 1
      return { status: 401, body: 'log in' }
    },
  })
  const opened = await openPage(browser, panel.url)
  await opened.page.waitForSelector('[data-connection="closed"]')
  await opened.page.waitForTimeout(1_500)
  expect(asked).toBe(1)
  expect(opened.consoleErrors.filter((line) => line.startsWith('paxyo.js'))).toEqual([
    'paxyo.js: data-token-url answered 401: nobody is logged in (signed_out)',
  ])
  await opened.page.context().close()
})
