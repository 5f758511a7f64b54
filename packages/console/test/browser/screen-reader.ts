import type { Page } from 'playwright-core'

// What a screen reader gets, from Chromium's accessibility tree: Playwright's snapshot of it has a line for each node, such as
// `- heading "Today" [level=1]`.

interface Node {
  readonly role: string
  readonly name: string
  readonly line: string
}

/** Without a name, a person does not know what they are. */
const NAMED: ReadonlySet<string> = new Set([
  'article',
  'button',
  'checkbox',
  'columnheader',
  'combobox',
  'dialog',
  'heading',
  'img',
  'link',
  'navigation',
  'region',
  'row',
  'searchbox',
  'slider',
  'table',
  'textbox',
])
/** A person jumps to them by their names: no two are the same. */
const UNIQUE: ReadonlySet<string> = new Set(['navigation', 'region', 'table'])

const nodesOf = (snapshot: string): Node[] =>
  snapshot.split('\n').flatMap((line) => {
    const [, role = '', name = ''] = /^\s*- '?([a-z]+)(?: "((?:[^"\\]|\\.)*)")?/.exec(line) ?? []
    return role === '' ? [] : [{ role, name, line: line.trim() }]
  })

/** What is missing in the structure of a page or a dialog. */
export function structureFaults(snapshot: string): string[] {
  const nodes = nodesOf(snapshot)
  const unnamed = nodes.filter(({ role, name }) => NAMED.has(role) && name === '').map(({ line }) => `no name: ${line}`)
  const twice = nodes
    .filter(
      ({ role, name }) => UNIQUE.has(role) && nodes.filter((one) => one.role === role && one.name === name).length > 1,
    )
    .map(({ line }) => `twice: ${line}`)
  const levels = nodes.map(({ line }) => Number(/^- '?heading .*\[level=(\d)\]/.exec(line)?.[1] ?? NaN))
  const headings = levels.filter((level) => !Number.isNaN(level))
  const skipped = headings
    .slice(1)
    .flatMap((level, index) => (level > headings[index]! + 1 ? [`heading ${level} after ${headings[index]}`] : []))
  return [...unnamed, ...new Set(twice), ...skipped]
}

/**
 * The structure of a whole page: one first heading, and the landmarks that a person jumps to.
 *
 * @param menu the name of the button that opens the navigation of a small screen.
 */
export function pageFaults(snapshot: string, menu: string): string[] {
  const nodes = nodesOf(snapshot)
  const count = (role: string, isWanted: (node: Node) => boolean = () => true): number =>
    nodes.filter((node) => node.role === role && isWanted(node)).length
  const wanted = {
    banner: count('banner'),
    navigation: count('navigation') + count('button', ({ name }) => name === menu),
    search: count('search'),
    main: count('main'),
    'first heading': count('heading', ({ line }) => line.includes('[level=1]')),
  }
  const missing = Object.entries(wanted).flatMap(([what, found]) => (found === 1 ? [] : [`${found} of ${what}`]))
  return [...missing, ...structureFaults(snapshot)]
}

/** Begins to record what the page's live regions say. */
export async function recordSaid(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const said: string[] = []
    Object.assign(globalThis, { said })
    new MutationObserver((changes) => {
      const regions = changes.map(({ target }) =>
        (target instanceof Element ? target : target.parentElement)?.closest(
          '[role="status"], [role="alert"], [aria-live]',
        ),
      )
      for (const region of new Set(regions)) if (region?.textContent) said.push(region.textContent.trim())
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  return () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said)
}
