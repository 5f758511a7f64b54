import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildPackage, compileDeclarations } from '../build-package.ts'
import { PUBLISHED, readManifest } from '../manifest.ts'

// The built packages; the tutorial's test installs them.

/** What a page downloads for each entry, without the framework and whatever else it uses. */
const GZIPPED_BYTES_MAX: Readonly<Record<string, number>> = {
  index: 12_500,
  format: 3_200,
  react: 13_000,
  vue: 13_000,
  svelte: 12_700,
  test: 1_900,
}
/** A page that only connects; the rest of the entry is left out. */
const CONNECT_GZIPPED_BYTES_MAX = 11_300

let folder: string
beforeAll(async () => {
  compileDeclarations()
  folder = mkdtempSync(join(tmpdir(), 'paxyo-packages-'))
  for (const name of PUBLISHED) await buildPackage(name, join(folder, name), 'https://example.com/paxyo.git')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
const filesOf = (pattern: string): string[] => globSync(pattern, { cwd: folder })

async function gzippedBytes(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: join(folder, 'browser-client/dist') },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    external: ['react', 'vue'],
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length
}

describe.each(PUBLISHED)('%s', (name) => {
  test('has no private part, and needs no package of the workspace', () => {
    const manifest = JSON.parse(read(`${name}/package.json`)) as Record<string, object>
    expect(manifest).toMatchObject({
      name: `@paxyo/${name}`,
      sideEffects: false,
      type: 'module',
      publishConfig: { access: 'public' },
      repository: { url: 'https://example.com/paxyo.git', directory: `packages/${name}` },
    })
    expect(manifest['private']).toBeUndefined()
    expect(Object.keys(manifest['dependencies']!)).toEqual(name === 'panel-client' ? ['zod'] : [])
    const files = filesOf(`${name}/dist/**/*.{js,d.ts}`)
    expect(files.length).toBeGreaterThan(10)
    const imported = files.flatMap((file) =>
      [...read(file).matchAll(/(?:\bfrom |\bimport\(|^import )['"]([^'"]+)['"]/gm)].map(([, spec]) => spec!),
    )
    const others = imported.filter((spec) => !spec.startsWith('.'))
    expect(new Set(others)).toEqual(
      new Set(name === 'panel-client' ? ['node:crypto', 'node:timers/promises', 'zod'] : ['react', 'vue']),
    )
  })

  test('every entry has its module, its types and a source map with the sources', () => {
    const { exports } = JSON.parse(read(`${name}/package.json`)) as {
      exports: Record<string, { types: string; default: string }>
    }
    const doors = readManifest(name).exports
    const entries = Object.entries(exports).filter(([path]) => path !== './package.json')
    expect(entries.map(([path]) => path)).toEqual(typeof doors === 'string' ? ['.'] : Object.keys(doors))
    for (const [, entry] of entries) {
      expect(read(join(name, entry.types))).toContain("from './types/")
      expect(read(join(name, entry.default))).toMatch(/\/\/# sourceMappingURL=\w+\.js\.map\n$/)
    }
    const maps = filesOf(`${name}/dist/*.map`).map((file) => JSON.parse(read(file)) as { sourcesContent: string[] })
    expect(maps.some(({ sourcesContent }) => sourcesContent.join('').includes('/** '))).toBe(true)
  })

  test('its types are printed as they are, not as the schemas from which they are inferred', () => {
    const types = filesOf(`${name}/dist/types/**/*.d.ts`).map(read).join('\n')
    expect(types).not.toMatch(/z\.(?:infer|input|output)</)
    expect(types.includes('zod')).toBe(name === 'panel-client')
    expect(types).toMatch(/export type \w+ = \{\n {4}orderId: string/)
  })
})

test.each(Object.entries(GZIPPED_BYTES_MAX))('the entry %s is at most %i bytes, gzipped', async (entry, bytesMax) => {
  const bytes = await gzippedBytes(`export * from './${entry}.js'`)
  process.stderr.write(`@paxyo/browser-client ${entry}: ${bytes} bytes gzipped\n`)
  expect(bytes).toBeLessThanOrEqual(bytesMax)
})

test('a page that only connects does not download the store', async () => {
  const bytes = await gzippedBytes(`export { connect } from './index.js'`)
  process.stderr.write(`@paxyo/browser-client connect: ${bytes} bytes gzipped\n`)
  expect(bytes).toBeLessThanOrEqual(CONNECT_GZIPPED_BYTES_MAX)
})

test('every entry has a limit', () => {
  const entries = Object.keys(readManifest('browser-client').exports).map((path) => path.slice('./'.length) || 'index')
  expect(Object.keys(GZIPPED_BYTES_MAX).toSorted()).toEqual(entries.toSorted())
})

test("Next.js learns that React's entry is for the browser", () => {
  expect(read('browser-client/dist/react.js')).toMatch(/^['"]use client['"];/)
})
