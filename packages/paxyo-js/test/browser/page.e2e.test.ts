import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually, startChaosProxy, takeScreenshot } from '@paxyo/testkit'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fieldText, row, startStage, type Stage } from './stage.ts'
import { openPage, servePanel } from '../../../../infra/e2e/host-page.ts'
import type { System } from '../../../../infra/e2e/system.ts'

/** For a machine that runs other tests at the same time; on an idle one it is below 100 ms. */
const LONG_TASK_MS_MAX = 4_000
/** As the script has them. */
const SINGLE_NEWS_MAX = 3
const TOASTS_MAX = 4
/** How many orders one request registers. */
const BULK_MAX = 1_000

let stage: Stage
let system: System
beforeAll(async () => {
  stage = await startStage()
  system = stage.system
})
afterAll(async () => {
  await stage[Symbol.asyncDispose]()
})

test('one script tag: row, balance, toast and the page’s own code, without a reload and under the strictest policy', async () => {
  await system.register({ orderId: 'A-1', providerOrderId: '101', userId: 'ann', charge: '0.27819' })
  await using opened = await stage.openLive('ann', { rows: row('A-1') })
  const { page } = opened
  await page.evaluate(() => Object.assign(globalThis, { isSamePage: true }))
  // The snapshot fills the fields that the server did not render.
  await eventually(async () => (await fieldText(page, 'A-1', 'charge')) === '$0.27819')
  // The panel keeps the balance: the ledger's is only what was refunded.
  expect(await page.textContent('[data-balance]')).toBe('?')

  await system.webhook({ order_id: '101', status: 'In progress', remains: '1000', start_count: '12045' })
  await page.waitForSelector('[data-order-id="A-1"][data-status="in_progress"]')
  expect(await fieldText(page, 'A-1', 'start-count')).toBe('12,045')
  await system.webhook({ order_id: '101', status: 'Partial', remains: '157' })
  await page.waitForSelector('[data-order-id="A-1"][data-status="partial"][data-changed]')
  expect(await fieldText(page, 'A-1', 'status')).toBe('Partial')
  expect(await fieldText(page, 'A-1', 'remains')).toBe('157')
  expect(await fieldText(page, 'A-1', 'refunded')).toBe('$0.04367583')
  expect(await page.$eval('progress', ({ value, max }) => [value, max])).toEqual([84, 100])
  expect(await page.textContent('[data-balance]')).toBe('?')
  await page.waitForSelector('paxyo-toasts li[data-tone="mixed"]')
  expect(await page.textContent('paxyo-toasts li')).toBe(
    'Order A-1Partial · $0.04 refundedInstagram followersinstagram.com/somebody×',
  )
  expect(await page.textContent('paxyo-toasts [role="status"]')).toContain('Order A-1: Partial · $0.04 refunded')

  // The page shows a change before its listeners are called, on a slow machine in an earlier frame.
  await eventually(async () => (await opened.eventCount('account')) === 2)
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
  // The page already shows the change when its listeners are called.
  expect([events[3]!.shown, events[4]!.shown]).toEqual(['partial', 'partial'])
  expect(await page.evaluate(() => 'isSamePage' in globalThis)).toBe(true)
  expect([await opened.violations(), opened.consoleErrors, opened.thrown]).toEqual([[], [], []])
  await takeScreenshot(page, 'paxyo-js')
})

/** Bootstrap 5.3 and Tailwind, as their documentation has them. */
const STYLED_ROWS = `
  <tr data-order-id="ST-1" class="table-light" data-status-class-canceled="table-danger" data-status-class="table-light">
    <td><span class="badge text-bg-secondary" data-field="status" data-status-class-pending="text-bg-secondary"
      data-status-class-in-progress="text-bg-info bg-opacity-75" data-status-class-canceled="text-bg-danger">Pending</span></td>
    <td><div class="progress" role="progressbar" data-field="progress" aria-label="Delivered" aria-valuenow="20"
      aria-valuemin="0" aria-valuemax="100"><div class="progress-bar" data-field="progress" data-bar style="width: 20%">20%</div></div></td>
    <td data-field="remains">800</td><td data-field="start-count"></td>
  </tr>
  <tr data-order-id="ST-2">
    <td><div class="h-2 w-full rounded-full bg-gray-200"><div class="h-2 w-[var(--done)] rounded-full bg-blue-600"
      data-field="progress" data-bar="--done" data-status-class-completed="bg-green-600" data-status-class="bg-blue-600"></div></div></td>
  </tr>`

test('the markup of Bootstrap and Tailwind: bars, classes by status, and what the server rendered until it is known', async () => {
  for (const each of [1, 2]) {
    await system.register({ orderId: `ST-${each}`, providerOrderId: `141${each}`, userId: 'stu' })
  }
  const contentSecurityPolicy = `default-src * data: 'unsafe-inline'`
  await using opened = await stage.openLive('stu', { rows: STYLED_ROWS, contentSecurityPolicy })
  const { page } = opened
  await page.waitForSelector('[data-order-id="ST-2"][data-status="pending"]')
  const styled = (): Promise<unknown> =>
    page.$eval('[data-order-id="ST-1"]', (element) => {
      const [badge, progress, bar] = ['.badge', '.progress', '.progress-bar'].map((each) =>
        element.querySelector(each)!,
      )
      const { width } = (bar as HTMLElement).style
      const now = progress!.getAttribute('aria-valuenow')
      return [element.className, badge!.className, now, progress!.childElementCount, width, bar!.textContent]
    })
  expect(await styled()).toEqual(['table-light', 'badge text-bg-secondary', '20', 1, '20%', '20%'])
  expect(await fieldText(page, 'ST-1', 'remains')).toBe('800')
  expect(await fieldText(page, 'ST-1', 'start-count')).toBe('–')

  await system.webhook({ order_id: '1411', status: 'In progress', remains: '400' })
  await page.waitForSelector('[data-order-id="ST-1"][data-status="in_progress"]')
  expect(await styled()).toEqual(['table-light', 'badge text-bg-info bg-opacity-75', '60', 1, '60%', '60%'])
  await system.webhook({ order_id: '1411', status: 'canceled' })
  await page.waitForSelector('[data-order-id="ST-1"][data-status="canceled"]')
  expect(await styled()).toEqual(['table-danger', 'badge text-bg-danger', '60', 1, '60%', '60%'])

  await system.webhook({ order_id: '1412', status: 'completed' })
  await page.waitForSelector('[data-order-id="ST-2"][data-status="completed"]')
  const bar = await page.$eval('[data-bar="--done"]', (each) => {
    return [(each as HTMLElement).style.getPropertyValue('--done'), each.className, each.textContent]
  })
  expect(bar).toEqual(['100%', 'h-2 w-[var(--done)] rounded-full bg-green-600', ''])
  expect([opened.consoleErrors, opened.thrown]).toEqual([[], []])
})

test('new orders get rows from the template, sorted, up to its maximum', async () => {
  await system.register({ orderId: 'TE-1', providerOrderId: '1421', userId: 'tess' })
  const template = (attributes: string): string =>
    `<template data-order-template ${attributes}><tr><td data-field="order-id"></td><td data-field="status">?</td></tr></template>`
  const rows = `${template('data-order-max="3"')}${row('TE-1')}</tbody><tbody id="all">${template('').replace('data-order-template', 'data-order-template="all" data-order-sort="oldest"')}`
  await using opened = await stage.openLive('tess', { rows })
  const { page } = opened
  const ids = (list: string): Promise<(string | null)[]> =>
    page.$$eval(`${list} > tr`, (all) => all.map((each) => each.getAttribute('data-order-id')))
  await page.waitForSelector('#all [data-order-id="TE-1"]')
  expect(await ids('tbody:not(#all)')).toEqual(['TE-1'])
  for (const each of [2, 3, 4]) {
    await system.register({ orderId: `TE-${each}`, providerOrderId: `142${each}`, userId: 'tess' })
    await page.waitForSelector(`#all [data-order-id="TE-${each}"]`)
  }
  expect(await ids('tbody:not(#all)')).toEqual(['TE-4', 'TE-3', 'TE-2'])
  expect(await ids('#all')).toEqual(['TE-1', 'TE-2', 'TE-3', 'TE-4'])
  await system.webhook({ order_id: '1424', status: 'completed' })
  await page.waitForSelector('#all [data-order-id="TE-4"][data-changed]')
  expect(await fieldText(page, 'TE-4', 'order-id')).toBe('TE-4')
  expect(await fieldText(page, 'TE-4', 'status')).toBe('Completed')
  // Each order is dispatched on its row, also the one that has just got it.
  await eventually(async () => (await opened.eventCount('order')) === 4)
  const from = (await opened.events()).filter(({ type }) => type === 'order').map((event) => event.from)
  expect(from).toEqual(['TE-2', 'TE-3', 'TE-4', 'TE-4'])
  expect([await opened.violations(), opened.thrown]).toEqual([[], []])
})

test('rows of orders that the snapshot does not have are read, at the start and when they are added', async () => {
  const ids = Array.from({ length: 202 }, (_, index) => `OL-${index}`)
  for (const [first, last] of [
    [0, 2],
    [2, 202],
  ] as const) {
    const orders = ids.slice(first, last)
    await system.registerAll(orders.map((id) => ({ orderId: id, providerOrderId: `ol${id}`, userId: 'old' })))
    await system.webhook(orders.map((id) => ({ order_id: `ol${id}`, status: 'canceled' })))
  }
  await using opened = await stage.openLive('old', { rows: row('OL-0') + row('unknown') })
  const { page } = opened
  await page.waitForSelector('[data-order-id="OL-0"][data-status="canceled"]')
  const snapshot = (await opened.events()).find(({ type }) => type === 'snapshot')
  expect(JSON.stringify(snapshot)).not.toContain('"OL-0"')
  await page.evaluate((html) => document.querySelector('tbody')!.insertAdjacentHTML('beforeend', html), row('OL-1'))
  await page.waitForSelector('[data-order-id="OL-1"][data-status="canceled"]')
  expect(await fieldText(page, 'OL-1', 'refunded')).toBe('$2.50')
  expect([await page.locator('paxyo-toasts li').count(), opened.consoleErrors, opened.thrown]).toEqual([0, [], []])
})

test('a row that can not be written is an error of its page, and keeps nothing else from being true', async () => {
  for (const id of ['R-1', 'R-2', 'R-3']) {
    await system.register({ orderId: id, providerOrderId: `9${id.slice(2)}`, userId: 'rita' })
  }
  const broken = (id: string): string => row(id).replace('data-field="progress"', 'data-field="status"')
  await using opened = await stage.openLive('rita', { rows: row('R-1') + broken('R-2') + broken('R-3') })
  await eventually(async () => (await fieldText(opened.page, 'R-1', 'charge')) !== '?')
  await eventually(async () => (await opened.eventCount('snapshot')) === 1)
  await eventually(() => opened.thrown.length === 2)
  expect(opened.thrown).toEqual([expect.stringContaining('non-finite'), expect.stringContaining('non-finite')])
})

test('however many orders change between two frames, each row is written', async () => {
  const ids = Array.from({ length: 2_100 }, (_, index) => `K-${index}`)
  await using opened = await stage.openLive('kim', { rows: ids.map(row).join('') })
  const { page } = opened
  await page.evaluate(`{
    const [frame, timer] = [requestAnimationFrame, setTimeout]
    const held = []
    globalThis.requestAnimationFrame = (callback) => held.push(callback)
    globalThis.setTimeout = (callback, ms) => (ms === 250 ? 0 : timer(callback, ms))
    globalThis.release = () => {
      Object.assign(globalThis, { requestAnimationFrame: frame, setTimeout: timer })
      for (const callback of held) callback()
    }
  }`)
  const framesBefore = opened.frameCount()
  for (let first = 0; first < ids.length; first += BULK_MAX) {
    const orders = ids.slice(first, first + BULK_MAX)
    await system.registerAll(orders.map((id) => ({ orderId: id, providerOrderId: `k${id}`, userId: 'kim' })))
  }
  // The page has received every order before its first frame.
  await eventually(() => opened.frameCount() >= framesBefore + ids.length)
  await page.evaluate('release()')
  await eventually(async () => (await opened.eventCount('order')) === ids.length)
  expect(
    await page.$$eval('[data-field="charge"]', (all) => all.filter(({ textContent }) => textContent === '?')),
  ).toEqual([])
})

test('the README’s page and its listener, as they stand there', async () => {
  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
  const block = (language: string): string => new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(readme)![1]!
  const policy = /^default-src .*$/m.exec(readme)![0]
  const inPlace = (text: string): string =>
    text
      .replaceAll('https://rt.example.com', system.gateway.url)
      .replaceAll('wss://rt.example.com', system.gateway.url.replace(/^http/, 'ws'))
      .replace('/token.php', '/token')
      .replace('/balance.php', '/balance')
      .replaceAll('A-1', 'D-1')
  await system.register({ orderId: 'D-1', providerOrderId: '1201', userId: 'doc' })
  const asked: string[] = []
  await using panel = await servePanel({
    userId: 'doc',
    // The panel has not credited the refund yet when it is asked for the first time.
    respondWithBalance(url) {
      asked.push(url)
      return JSON.stringify(
        asked.length === 1 ? { balance: '$12.50', refunded: '0' } : { balance: '$15.00', refunded: '2.5' },
      )
    },
    html: `<!doctype html><link rel="icon" href="/panel.css">${inPlace(block('html'))}`,
    contentSecurityPolicy: `${inPlace(policy)}; img-src 'self'`,
  })
  const opened = await openPage(stage.browser, panel.url)
  const { page } = opened
  const logged: string[] = []
  page.on('console', (message) => logged.push(message.text()))
  await page.evaluate(block('js'))
  await page.waitForSelector('[data-order-id="D-1"][data-status="pending"]')
  expect(await page.textContent('[data-balance]')).toBe('$12.50')
  await system.webhook({ order_id: '1201', status: 'canceled' })
  await eventually(() => logged.includes('D-1 2.5 USD'))
  expect(await fieldText(page, 'D-1', 'refunded')).toBe('$2.50')
  await eventually(async () => (await page.textContent('[data-balance]')) === '$15.00')
  expect(asked).toEqual(['/balance?orderId=D-1', '/balance?orderId=D-1'])
  expect([await opened.violations(), opened.consoleErrors, opened.thrown]).toEqual([[], [], []])
  await page.context().close()
})

test('a burst of 1,000 events: the page stays usable, says so once, and is right at the end', async () => {
  const count = 200
  const ids = Array.from({ length: count }, (_, index) => `BU-${index}`)
  await system.registerAll(ids.map((orderId, index) => ({ orderId, providerOrderId: `5${index}`, userId: 'bob' })))
  await using opened = await stage.openLive('bob', { rows: ids.map((id) => row(id)).join('') })
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
  await eventually(async () => (await opened.eventCount('order')) === 5 * count)
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
  // The first few may have arrived a moment before the others, and have separate toasts.
  const summary = await page.textContent('paxyo-toasts li >> text=/Orders updated/')
  expect(Number(/\d+/.exec(summary!)![0])).toBeGreaterThanOrEqual(count - SINGLE_NEWS_MAX)
  expect(await page.locator('paxyo-toasts li').count()).toBeLessThanOrEqual(TOASTS_MAX)
  const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks)
  const longestMs = Math.round(Math.max(0, ...tasks))
  process.stderr.write(`1,000 events in ${tookMs} ms: ${tasks.length} long tasks, the longest ${longestMs} ms\n`)
  expect(longestMs).toBeLessThan(LONG_TASK_MS_MAX)
})

test('the gateway dies and comes back: what happened meanwhile is shown', async () => {
  await system.register({ orderId: 'G-1', providerOrderId: '601', userId: 'gil' })
  await system.deposit('gil', '1')
  const portOf = (url: string): number => Number(new URL(url).port)
  await using proxy = await startChaosProxy(portOf(system.gateway.url))
  const gatewayUrl = `http://127.0.0.1:${proxy.port}`
  await using opened = await stage.openLive('gil', { rows: row('G-1'), gatewayUrl })
  const { page } = opened
  await system.gateway.end('SIGKILL')
  await page.waitForSelector('[data-connection="reconnecting"]')
  await system.webhook({ order_id: '601', status: 'canceled' })
  system.gateway = await system.start('ws-gateway')
  proxy.target = portOf(system.gateway.url)
  await page.waitForSelector('[data-order-id="G-1"][data-status="canceled"]')
  await page.waitForSelector('[data-connection="live"]')
  expect(await page.textContent('[data-balance]')).toBe('$3.50')
  expect((await opened.events()).filter(({ type }) => type === 'snapshot')).toHaveLength(1)
  expect([
    opened.consoleErrors.filter((line) => !/WebSocket connection|Failed to load resource/.test(line)),
    opened.thrown,
  ]).toEqual([[], []])
})

test('a page that knows the position it was rendered at gets what came after it, and no snapshot', async () => {
  await system.register({ orderId: 'P-1', providerOrderId: '701', userId: 'pia' })
  const { rows } = await system.database.owner.query<{ position: string }>(
    `SELECT epoch || ':' || last_seq AS position FROM stream_epoch, accounts WHERE user_id = 'pia'`,
  )
  await system.webhook({ order_id: '701', status: 'canceled' })
  await using opened = await stage.openLive('pia', { rows: row('P-1'), script: `data-position="${rows[0]!.position}"` })
  await opened.page.waitForSelector('[data-order-id="P-1"][data-status="canceled"]')
  await opened.page.waitForSelector('paxyo-toasts li')
  await eventually(async () => (await opened.eventCount('account')) === 1)
  const types = (await opened.events()).map(({ type }) => type).filter((type) => type !== 'status')
  expect(types).toEqual(['order', 'refund', 'account'])
})

test('rows that come later, move, or are reused for another order are true as well', async () => {
  for (const each of [1, 2])
    await system.register({ orderId: `L-${each}`, providerOrderId: `80${each}`, userId: 'lea' })
  await system.deposit('lea', '1')
  await system.webhook({ order_id: '801', status: 'Processing' })
  await using opened = await stage.openLive('lea', { script: 'data-toasts="off"' })
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
  expect(await fieldText(page, 'L-2', 'status')).toBe('Completed')
  await eventually(async () => (await opened.eventCount('order')) === 2)
  const from = (await opened.events()).filter(({ type }) => type === 'order').map((event) => event.from)
  expect(from).toEqual(['document', 'L-2'])
  await page.evaluate(() => {
    document.querySelector('main')!.insertAdjacentHTML('beforeend', '<b data-balance></b>')
  })
  await eventually(async () => (await page.textContent('b[data-balance]')) === '$1.00')
  expect(await page.locator('paxyo-toasts').count()).toBe(0)
})

test('all tabs of a user are told', async () => {
  await system.register({ orderId: 'M-1', providerOrderId: '1001', userId: 'mia' })
  await using first = await stage.openLive('mia', { rows: row('M-1') })
  const second = await first.page.context().newPage()
  await second.goto(first.page.url())
  await second.waitForSelector('[data-connection="live"]')
  await system.webhook({ order_id: '1001', status: 'completed' })
  const texts = () => Promise.all([first.page, second].map((page) => fieldText(page, 'M-1', 'status')))
  await eventually(async () => (await texts()).every((each) => each === 'Completed'))
  expect(await texts()).toEqual(['Completed', 'Completed'])
})

test('a page in the background, which has no frames, is kept true as well', async () => {
  await system.register({ orderId: 'H-1', providerOrderId: '1301', userId: 'hal' })
  await using opened = await stage.openLive('hal', { rows: row('H-1') })
  await opened.page.evaluate(() => Object.assign(globalThis, { requestAnimationFrame: () => 0 }))
  await system.webhook({ order_id: '1301', status: 'completed' })
  await eventually(async () => (await fieldText(opened.page, 'H-1', 'status')) === 'Completed')
  await eventually(async () => (await opened.events()).at(-1)?.type === 'account')
  expect((await opened.events()).at(-1)).toMatchObject({ detail: { seq: 2 } })
})
