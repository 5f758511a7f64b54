import { expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** The size that a page downloads; more than a kilobyte of it is for networks that block WebSockets. */
const GZIPPED_BYTES_MAX = 10.5 * 1024

test('bundled, minified and gzipped it stays small, and brings nothing else along', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
  })
  const bytes = gzipSync(outputFiles[0]!.contents, { level: 9 }).length
  process.stderr.write(`@paxyo/browser-client: ${bytes} bytes gzipped\n`)
  expect(bytes).toBeLessThanOrEqual(GZIPPED_BYTES_MAX)
  const own = ['packages/browser-client/src/', 'packages/contracts/src/data/']
  const foreign = Object.keys(metafile.inputs).filter((path) => !own.some((folder) => path.includes(folder)))
  expect(foreign).toEqual([])
})
