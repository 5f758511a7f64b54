import { expect, test } from '@jest/globals'
import { eventually, launchChromium } from '@paxyo/testkit'
import { readFileSync } from 'node:fs'
import { openPage, servePanel } from '../../../../infra/e2e/host-page.ts'
import { startNewerGateway } from '../../../browser-client/test/newer-gateway.ts'
import { SCRIPT_FILE } from '../../src/built-file.ts'
import { fieldText, row } from './stage.ts'

test('a status that it does not know is shown as text, and a kind of event that it does not know is handed on', async () => {
  await using gateway = await startNewerGateway()
  await using panel = await servePanel({ userId: 'ann', html: toHtml(gateway.url) })
  const browser = await launchChromium()
  const opened = await openPage(browser, panel.url)
  const { page } = opened
  await eventually(async () => (await opened.eventCount('order')) === 1)

  const events = (await opened.events()).filter(({ type }) => type !== 'status')
  expect(events.map(({ type, detail }) => [type, detail['event'], detail['seq']])).toEqual([
    ['snapshot', undefined, undefined],
    ['event', 'order.archived', 1],
    ['account', undefined, 1],
    ['event', 'device.seen', 2],
    ['order', 'order.updated', 3],
    ['account', undefined, 3],
  ])
  expect(await fieldText(page, 'A-1', 'status')).toBe('In review')
  expect(await page.getAttribute('[data-order-id]', 'data-status')).toBe('in_review')
  expect(await fieldText(page, 'A-1', 'remains')).toBe('400')
  expect(await page.textContent('[data-balance]')).toBe('$7.00')
  await page.waitForSelector('paxyo-toasts li[data-tone="plain"]:has-text("In review")')
  expect([opened.consoleErrors, opened.thrown]).toEqual([[], []])
  await browser.close()
})

const toHtml = (socketUrl: string): string => `
  <!doctype html>
  <html lang="en">
    <link rel="icon" href="data:,">
    <strong data-balance>?</strong>
    <table><tbody>${row('A-1')}</tbody></table>
    <script data-url="${socketUrl}" data-token-url="/token">${readFileSync(SCRIPT_FILE, 'utf8')}</script>
  </html>`
