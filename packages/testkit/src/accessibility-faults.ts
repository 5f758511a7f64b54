import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** A rule of axe, and the elements that break it, with what axe says about each. */
export interface AccessibilityFault {
  readonly id: string
  readonly nodes: readonly string[]
}

/**
 * The serious and critical violations that axe finds in a part of a page. It runs in the browser's debugger, which no
 * Content-Security-Policy restricts.
 */
export async function findAccessibilityFaults(page: Page, selector = 'html'): Promise<AccessibilityFault[]> {
  // Contrast can be measured only after animations: half-transparent text has less of it.
  await finishAnimations(page)
  if (!(await page.evaluate<boolean>(`'axe' in globalThis`))) await page.evaluate(readAxe())
  return page.evaluate<AccessibilityFault[]>(`(async () => {
    const isSerious = ({ impact }) => impact === 'serious' || impact === 'critical'
    // What the other rules find does not matter here; they take a large part of the time.
    const others = axe._audit.rules.filter((rule) => !isSerious(rule))
    const rules = Object.fromEntries(others.map(({ id }) => [id, { enabled: false }]))
    const { violations } = await axe.run(${JSON.stringify(selector)}, { resultTypes: ['violations'], rules })
    return violations.filter(isSerious).map(({ id, nodes }) => ({
      id,
      nodes: nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary),
    }))
  })()`)
}

/**
 * Brings what moves on a page to its end at once: until then, the browser would draw sixty frames a second. One that repeats
 * forever goes on.
 */
export async function finishAnimations(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    const shadows = [...document.querySelectorAll('*')].flatMap(({ shadowRoot }) => shadowRoot ?? [])
    for (const animation of [document, ...shadows].flatMap((root) => root.getAnimations())) {
      if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish()
    }
    // The page learns of the end with the next frame.
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame)
  })()`)
}

const readAxe = (): string => readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
