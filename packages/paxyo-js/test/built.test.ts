import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { SCRIPT_FILE } from '../src/built-file.ts'
import { FIELDS } from '../src/fields.ts'
import { ATTRIBUTES, attribute } from '../src/settings.ts'

/** The size that a page downloads, including the client. */
const GZIPPED_BYTES_MAX = 22_000

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const script = readFileSync(SCRIPT_FILE)

test('it stays small, and brings nothing else along', async () => {
  const bytes = gzipSync(script, { level: 9 }).length
  process.stderr.write(`paxyo.js: ${bytes} bytes gzipped\n`)
  expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX)
  const own = ['packages/paxyo-js/', 'packages/browser-client/', 'packages/contracts/src/data/']
  const foreign = (await bundle()).sources.filter((path) => !own.some((folder) => path.startsWith(folder)))
  expect(foreign).toEqual(['pnpm-lock.yaml'])
})

test('the same sources give the same bytes, and those are what is served', async () => {
  expect(Buffer.from((await bundle()).script).equals(script)).toBe(true)
})

test('the README has its integrity (else: node packages/paxyo-js/build.mjs --document)', () => {
  const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`
  expect(README.match(/sha384-[\w+/=]+/g)).toEqual([integrity])
})

test('the README names every attribute, and every field', () => {
  const table = README.slice(README.indexOf('## The tag'), README.indexOf('## The page'))
  expect([...table.matchAll(/^\| `(data-[\w-]+)`/gm)].map((match) => match[1])).toEqual(
    ATTRIBUTES.map((name) => attribute(name)),
  )
  const fields = /^Fields: ([^]*?)\. Money/m.exec(README)![1]!
  const named = [...fields.matchAll(/`([\w-]+)`/g)].map((match) => match[1])
  expect(new Set(named)).toEqual(new Set(Object.keys(FIELDS)))
})

interface Bundle {
  readonly script: Uint8Array
  readonly sources: readonly string[]
}

/** Bundles the script again. `build.mjs` has no types, because npm's pre-scripts run it on any Node. */
async function bundle(): Promise<Bundle> {
  const file: string = '../build.mjs'
  const build = (await import(file)) as { bundleScript: () => Promise<Bundle> }
  return build.bundleScript()
}
