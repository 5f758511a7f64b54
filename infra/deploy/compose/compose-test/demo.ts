import { eventually, launchChromium } from '@paxyo/testkit'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Stack } from './stack.ts'

const ARTIFACTS = fileURLToPath(new URL('../../../../.artifacts/compose/', import.meta.url))
const APPEAR_TIMEOUT_MS = 60_000
/** The demo changes an order every three seconds, and one of three changes is a final status. */
const REFUND_TIMEOUT_MS = 60_000
const PATHS = ['/', '/demo/token', '/demo/files/panel.js']

/** The status of each of the demo's paths. */
const readStatuses = (stack: Stack): Promise<number[]> =>
  Promise.all(PATHS.map(async (path) => (await stack.request(path, {})).status))

/** Starts the demo, watches its page in Chromium until a refund arrives, and removes the demo. */
export async function testDemo(stack: Stack): Promise<string[]> {
  const violations: string[] = []
  const before = await readStatuses(stack)
  if (before.some((status) => status !== 404)) violations.push(`without the demo its paths get ${before.join(', ')}`)

  await stack.compose('--profile', 'demo', 'up', '--detach', '--no-build', '--no-recreate', '--no-deps', 'demo')
  await eventually(async () => (await readStatuses(stack)).every((status) => status === 200), APPEAR_TIMEOUT_MS)
  violations.push(...(await watchPage(stack)))

  await stack.compose('--profile', 'demo', 'rm', '--stop', '--force', 'demo')
  await eventually(async () => (await readStatuses(stack)).every((status) => status === 404), APPEAR_TIMEOUT_MS)
  return violations
}

async function watchPage(stack: Stack): Promise<string[]> {
  const browser = await launchChromium()
  try {
    // The browser does not know the authority of the certificate.
    const page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 1000 } })
    const faults: string[] = []
    page.on('pageerror', (error) => faults.push(error.message))
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) faults.push(message.text())
    })
    await page.goto(stack.url)
    await page.waitForSelector('#connection[data-state="live"]')
    await page.waitForSelector('[data-order-id="demo-24"]')

    await page.locator('#simulator').getByRole('button', { name: 'Partial', exact: true }).click()
    await page.waitForSelector('[data-flash] [data-status="partial"]')
    // The next refund is one of the demo's own changes.
    const refunds = (): Promise<number> => page.locator('#refunds li').count()
    const refundsBefore = await refunds()
    await eventually(async () => (await refunds()) > refundsBefore, REFUND_TIMEOUT_MS)
    mkdirSync(ARTIFACTS, { recursive: true })
    await page.screenshot({ path: `${ARTIFACTS}demo.png` })
    return faults.map((fault) => `the demo's page logged: ${fault}`)
  } finally {
    await browser.close()
  }
}
