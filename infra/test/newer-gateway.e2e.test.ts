import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { registerDemoPanel } from '@paxyo/demo-panel'
import { DROP_IN_FILE } from '@paxyo/browser-client/drop-in'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { launchChromium, mintToken } from '@paxyo/testkit'
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import {
  event,
  startScriptedServer,
  welcome,
  type ScriptedServer,
} from '../../packages/browser-client/test/scripted-server.ts'
import { openPanel } from './panel-page.ts'
import { row } from './drop-in-stage.ts'

const ORDER = {
  orderId: 'A-1',
  providerOrderId: '101',
  service: 'Instagram followers',
  link: 'https://instagram.com/somebody',
  quantity: 1000,
  charge: '2.5',
  currency: 'USD',
  status: 'pending',
  remains: null,
  startCount: null,
  refunded: '0',
  updatedAt: '2026-11-22T18:00:00.000Z',
}
const NEW_STATUS = { ...ORDER, status: 'in_review', note: 'a member that is new', remains: 400 }

/** A gateway of some later day: another protocol, a new type of message, a new kind of event, a new status. */
const startNewerGateway = (): Promise<ScriptedServer> =>
  startScriptedServer((say) => {
    say({ type: 'greeting', text: 'hello' })
    say(welcome(0, { protocol: 2, minProtocol: 1, orders: [ORDER], account: { balance: '1', currency: 'USD' } }))
    say({ ...event(1), event: 'order.archived', order: { orderId: 'A-1' }, account: { balance: '7', currency: 'USD' } })
    say({ ...event(2), event: 'device.seen', account: undefined })
    say({ ...event(3), event: 'order.updated', order: NEW_STATUS, account: { balance: '7', currency: 'USD' } })
  })

let gateway: ScriptedServer
let browser: Browser
beforeAll(async () => {
  ;[gateway, browser] = await Promise.all([startNewerGateway(), launchChromium()])
})
afterAll(async () => {
  await browser.close()
  await gateway[Symbol.asyncDispose]()
})

test('paxyo.js shows a status that it does not know as text, and hands on a kind of event that it does not know', async () => {
  const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
  app.get('/paxyo.js', (_request, reply) => reply.type('text/javascript').send(readFileSync(DROP_IN_FILE)))
  app.get('/token', () => mintToken('ann'))
  app.get('/', (_request, reply) => reply.type('text/html').send(toHtml(gateway.url)))
  const url = await listen(app, { host: '127.0.0.1', port: 0 })
  const page = await browser.newPage()
  const thrown: string[] = []
  page.on('pageerror', (error) => thrown.push(error.message))
  await page.goto(url)
  await page.waitForFunction('told.length === 6')

  expect(await page.evaluate('told')).toEqual([
    ['snapshot', null, null],
    ['event', 'order.archived', 1],
    ['account', null, 1],
    ['event', 'device.seen', 2],
    ['order', 'order.updated', 3],
    ['account', null, 3],
  ])
  expect(await text(page, '[data-field="status"]')).toBe('In review')
  expect(await page.getAttribute('[data-order-id]', 'data-status')).toBe('in_review')
  expect(await text(page, '[data-field="remains"]')).toBe('400')
  expect(await text(page, '[data-balance]')).toBe('$7.00')
  await page.waitForSelector('paxyo-toasts li[data-tone="plain"]')
  expect(thrown).toEqual([])
  await page.close()
  await app.close()
})

test('the demo page shows such an order with all others, whatever they are sorted by', async () => {
  const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
  registerDemoPanel(app, { mintToken: () => mintToken('ann'), socketUrl: gateway.url })
  const panel = await openPanel(browser, await listen(app, { host: '127.0.0.1', port: 0 }))
  const { page } = panel
  const badge = '[data-order-id="A-1"] .badge'
  await page.waitForSelector(`${badge}[data-status="in_review"]`)
  expect(await text(page, badge)).toBe('In review')
  expect(await text(page, '#balance')).toBe('$7.00')
  for (const key of ['Status', 'Progress']) await page.click(`#columns button:has-text("${key}")`)
  expect(await text(page, badge)).toBe('In review')
  await page.click('[data-filter="open"]')
  await page.waitForSelector(badge, { state: 'detached' })
  expect(await text(page, '[data-filter="all"] .count')).toBe('1')
  expect(panel.faults).toEqual([])
  await page.context().close()
  await app.close()
})

const text = (page: Page, selector: string): Promise<string | null> => page.textContent(selector)

const toHtml = (socketUrl: string): string => `<!doctype html>
  <html lang="en"><link rel="icon" href="data:,"><strong data-balance>?</strong><table><tbody>${row('A-1')}</tbody></table>
  <script>
    const told = []
    for (const type of ['snapshot', 'order', 'refund', 'account', 'event']) {
      document.addEventListener('paxyo:' + type, ({ detail }) => told.push([type, detail.event ?? null, detail.seq ?? null]))
    }
  </script>
  <script src="/paxyo.js" data-url="${socketUrl}" data-token-url="/token"></script></html>`
