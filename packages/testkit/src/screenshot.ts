import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ROOT } from './checkout.ts'

/**
 * Writes a page's picture into `.artifacts` when `SCREENSHOTS=on`. People look at them, and no test compares them; drawing and
 * packing one takes a third of a second.
 */
export async function takeScreenshot(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
  if (process.env['SCREENSHOTS'] !== 'on') return
  await page.screenshot({ path: join(ROOT, '.artifacts', `${name}.png`), fullPage })
}
