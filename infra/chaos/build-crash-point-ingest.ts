import { build } from 'esbuild'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('crash-point-ingest.ts', import.meta.url))
/** Bundled CommonJS packages use it to load Node's built-in modules. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/**
 * Bundles the crash-point ingest into one file. A process of it starts in a third of the time, and the tests start one
 * for every step.
 */
export async function buildCrashPointIngest(): Promise<{ readonly file: string } & Disposable> {
  const dir = mkdtempSync(join(tmpdir(), 'paxyo-crash-point-'))
  const file = join(dir, 'crash-point-ingest.mjs')
  await build({
    entryPoints: [SOURCE],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: REQUIRE },
    logLevel: 'warning',
  })
  return { file, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) }
}
