import { expect, test } from '@jest/globals'
import { readConsoleFiles } from '../../src/static/serve-page.ts'

/** What the first view may download, compressed, fonts included. */
const FIRST_VIEW_BYTES_MAX = 100_000

const files = readConsoleFiles()

test('the first view is small', () => {
  const index = files.find(({ name }) => name === 'index.html')!.identity.toString()
  const linked = [...index.matchAll(/(?:src|href)="\/console\/files\/([^"]+)"/g)].map((match) => match[1]!)
  expect(linked.toSorted()).toEqual(['console-styles.css', 'console.js', 'icon.svg', 'theme.js'])
  // Other languages and seldom pages are loaded when they are chosen, and the extended font for letters that the page does not
  // have.
  const first = files.filter(({ name }) => !/^(?:de|ar|health|set-up|account)-|latin-ext/.test(name))
  const bytes = first.reduce((sum, { gzip, identity }) => sum + (gzip ?? identity).length, 0)
  process.stderr.write(`console: ${bytes} bytes for the first view\n`)
  expect(bytes).toBeLessThanOrEqual(FIRST_VIEW_BYTES_MAX)
})

test('the page has no inline code', () => {
  const index = files.find(({ name }) => name === 'index.html')!.identity.toString()
  expect(index).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=/)
})

test('the same sources give the same bytes, and those are what is served', async () => {
  const bundled = new Map((await bundle()).files.map(({ name, content }) => [name, Buffer.from(content)]))
  for (const { name, identity } of files)
    expect({ name, same: bundled.get(name)?.equals(identity) }).toEqual({ name, same: true })
})

interface Bundle {
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[]
}

/** Bundles the page again. `build.mjs` has no types, because npm's pre-scripts run it on any Node. */
async function bundle(): Promise<Bundle> {
  const file: string = '../../build.mjs'
  const build = (await import(file)) as { bundleConsole: () => Promise<Bundle> }
  return build.bundleConsole()
}
