import { expect, test } from '@jest/globals'
import { readPageFiles } from '../src/page-server/page-files.ts'

/** What the first view may download, compressed, font included. */
const FIRST_VIEW_BYTES_MAX = 80_000

interface Bundle {
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[]
}

test('the first view is small', () => {
  const first = readPageFiles().filter(({ name }) =>
    /^(?:index-ar|ar-|panel|styles|theme|icon|.*-latin-wght)/.test(name),
  )
  const bytes = first.reduce((sum, { gzip, identity }) => sum + (gzip ?? identity).length, 0)
  expect(bytes).toBeLessThanOrEqual(FIRST_VIEW_BYTES_MAX)
})

test('the same sources give the same bytes, and those are what is served', async () => {
  // `build.mjs` has no types, because npm's pre-scripts run it on any Node.
  const file: string = '../build.mjs'
  const { bundleDemo } = (await import(file)) as { bundleDemo: () => Promise<Bundle> }
  const bundled = new Map((await bundleDemo()).files.map(({ name, content }) => [name, Buffer.from(content)]))
  for (const { name, identity } of readPageFiles())
    expect({ name, same: bundled.get(name)?.equals(identity) }).toEqual({ name, same: true })
})
