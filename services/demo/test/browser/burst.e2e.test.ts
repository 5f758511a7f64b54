import { expect, test } from '@jest/globals'
import { openBrowser, openPanel } from './panel-page.ts'
import { startSystem } from '../../../../infra/e2e/system.ts'

const ORDERS = 1_000
/** About 100 ms on a busy machine; a page that blocks exceeds this on any machine. */
const LONGEST_TASK_MS_MAX = 4_000
/** Each event changes the balance, so a page that rendered each one would render it a thousand times. */
const DRAWINGS_MAX = 500

test('1,000 events at once: the page stays responsive and ends up right', async () => {
  await using system = await startSystem()
  await using browsers = await openBrowser()
  await system.deposit('burst', '1')
  const { page, faults } = await openPanel(browsers.browser, await system.servePage('burst'))
  await system.registerAll(
    Array.from({ length: ORDERS }, (_, index) => ({
      userId: 'burst',
      orderId: `burst-${index}`,
      providerOrderId: `7${index}`,
      charge: '1',
    })),
  )
  await page.waitForFunction((count) => document.querySelector('#open-count')!.textContent === count, '1,000')
  await page.click('[data-filter="all"]')

  await page.evaluate(() => {
    const tasks: number[] = []
    const frames: number[] = []
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    })
    const drawings: unknown[] = []
    const balance = document.querySelector('#balance')!
    new MutationObserver(() => drawings.push(balance.textContent)).observe(balance, { childList: true })
    let last = performance.now()
    const measure = (now: number): void => {
      frames.push(now - last)
      last = now
      requestAnimationFrame(measure)
    }
    requestAnimationFrame(measure)
    Object.assign(globalThis, { measured: { tasks, frames, drawings } })
  })

  // Every second order is canceled; half of the charge of the others is refunded.
  const updates = Array.from({ length: ORDERS }, (_, index) => {
    const update = { order_id: `7${index}` }
    return index % 2 === 0 ? { ...update, status: 'canceled' } : { ...update, status: 'partial', remains: 500 }
  })
  const startedAtMs = performance.now()
  const response = await system.webhook(updates)
  expect(response.status).toBe(200)
  await page.waitForFunction(() => document.querySelector('#balance')!.textContent === '$751.00')
  const tookMs = performance.now() - startedAtMs
  await page.waitForFunction(() => document.querySelector('#balance-figure')!.textContent === '$751.00')

  const { tasks, frames, drawings } = await page.evaluate(
    () => (globalThis as unknown as { measured: Record<'tasks' | 'frames' | 'drawings', number[]> }).measured,
  )
  const longestTaskMs = Math.max(0, ...tasks)
  process.stdout.write(
    `burst of ${ORDERS} events: shown after ${tookMs.toFixed(0)} ms in ${drawings.length} drawings, ${tasks.length} long tasks, the longest ` +
      `${longestTaskMs.toFixed(0)} ms, the longest frame ${Math.max(...frames).toFixed(0)} ms\n`,
  )
  expect(longestTaskMs).toBeLessThan(LONGEST_TASK_MS_MAX)
  expect(drawings.length).toBeLessThan(DRAWINGS_MAX)
  // At most one per frame, however many there are.
  expect(drawings.length).toBeLessThanOrEqual(frames.length + 1)

  const counts = await page.locator('.filter .count').allTextContents()
  expect(counts).toEqual(['1,000', '0', '0', '500', '500', '0'])
  expect(await page.textContent('#refunded-total')).toBe('$750.00')
  expect(await page.locator('[data-order-id]').count()).toBe(25)
  const rows = await page
    .locator('[data-order-id]')
    .evaluateAll((shown) =>
      shown.map((row) => [(row as HTMLElement).dataset['orderId'], row.querySelector('.badge')!.textContent]),
    )
  for (const [orderId, status] of rows) {
    expect([orderId, status]).toEqual([orderId, Number(orderId!.split('-')[1]) % 2 === 0 ? 'Canceled' : 'Partial'])
  }
  expect(await page.locator('.toast').count()).toBeLessThanOrEqual(4)
  expect(faults).toEqual([])
})
