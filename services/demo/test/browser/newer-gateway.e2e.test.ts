import { expect, test } from '@jest/globals'
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { mintToken } from '@paxyo/testkit'
import { startNewerGateway } from '../../../../packages/browser-client/test/newer-gateway.ts'
import { registerDemoPage } from '../../src/index.ts'
import { openBrowser, openPanel } from './panel-page.ts'

test('an order of a status that the page does not know stands among all others, whatever they are sorted by', async () => {
  await using gateway = await startNewerGateway()
  await using browsers = await openBrowser()
  const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
  registerDemoPage(app, { mintToken: () => mintToken('ann'), socketUrl: gateway.url })
  const { page, faults } = await openPanel(browsers.browser, await listen(app, { host: '127.0.0.1', port: 0 }))
  const badge = '[data-order-id="A-1"] .badge'
  await page.waitForSelector(`${badge}[data-status="in_review"]`)
  expect(await page.textContent(badge)).toBe('In review')
  expect(await page.textContent('#balance')).toBe('$7.00')
  for (const key of ['Status', 'Progress']) await page.click(`#columns button:has-text("${key}")`)
  expect(await page.textContent(badge)).toBe('In review')
  await page.click('[data-filter="open"]')
  await page.waitForSelector(badge, { state: 'detached' })
  expect(await page.textContent('[data-filter="all"] .count')).toBe('1')
  expect(faults).toEqual([])
  await app.close()
})
