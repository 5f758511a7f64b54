import { eventually, launchChromium } from '@paxyo/testkit'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Stack } from './stack.ts'

const ARTIFACTS = fileURLToPath(new URL('../../../../.artifacts/compose/', import.meta.url))
const APPEAR_TIMEOUT_MS = 60_000
/** The demo moves an order every three seconds, and one move in three ends one. */
const REFUND_TIMEOUT_MS = 60_000
const PATHS = ['/', '/demo/token', '/demo/page/panel.ts']

/** What each of the demo's paths is answered with. */
const statusesOf = (stack: Stack): Promise<number[]> =>
  Promise.all(PATHS.map(async (path) => (await stack.request(path, {})).status))

/** Starts the demo, looks at its page in Chromium until a refund has come in, and takes the demo away again. */
export async function tryDemo(stack: Stack): Promise<string[]> {
  const violations: string[] = []
  const before = await statusesOf(stack)
  if (before.some((status) => status !== 404)) violations.push(`without the demo its paths answer ${before.join(', ')}`)

  await stack.compose('--profile', 'demo', 'up', '--detach', '--no-build', '--no-recreate', '--no-deps', 'demo')
  await eventually(async () => (await statusesOf(stack)).every((status) => status === 200), APPEAR_TIMEOUT_MS)
  violations.push(...(await lookAtPage(stack)))

  await stack.compose('--profile', 'demo', 'rm', '--stop', '--force', 'demo')
  await eventually(async () => (await statusesOf(stack)).every((status) => status === 404), APPEAR_TIMEOUT_MS)
  return violations
}

async function lookAtPage(stack: Stack): Promise<string[]> {
  const browser = await launchChromium()
  try {
    // Its certificate is from an authority that this browser does not know.
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
    // And now the demo by itself.
    const refunds = (): Promise<number> => page.locator('#refunds li').count()
    const refundsBefore = await refunds()
    await eventually(async () => (await refunds()) > refundsBefore, REFUND_TIMEOUT_MS)
    mkdirSync(ARTIFACTS, { recursive: true })
    await page.screenshot({ path: `${ARTIFACTS}demo.png` })
    return faults.map((fault) => `the demo's page complains: ${fault}`)
  } finally {
    await browser.close()
  }
}
