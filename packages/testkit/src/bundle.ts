import { build, type Plugin } from 'esbuild'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { oncePerRun } from './once-per-run.ts'

/** Bundled CommonJS packages use it to load Node's built-in modules. */
const REQUIRE = [
  `import { createRequire as createBundleRequire } from 'node:module';`,
  `const require = createBundleRequire(import.meta.url);`,
  `const resolveFrom = (url, name) => require('node:url').pathToFileURL(createBundleRequire(url).resolve(name)).href;`,
].join('\n')
/**
 * A test may kill the process, which then leaves nothing in Node's compile cache, so it writes its part as soon as it has
 * started: the next one starts in half of the CPU time.
 */
const FLUSH = `import { flushCompileCache as flushBundle } from 'node:module'; flushBundle();`

/** The files and packages that a module names relative to itself are those of its source. */
const keepModuleUrls: Plugin = {
  name: 'keep-module-urls',
  setup(bundling) {
    bundling.onLoad({ filter: /[\\/](?:packages|services|infra)[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      if (!source.includes('import.meta.')) return undefined
      const url = JSON.stringify(pathToFileURL(path).href)
      const contents = source
        .replaceAll('import.meta.url', url)
        .replaceAll('import.meta.resolve(', `resolveFrom(${url}, `)
      return { contents, loader: 'ts' }
    })
  },
}

/** esbuild asks the plugin, which is in this process, only about these imports. */
const BUILTIN = new RegExp(`^(?:node:.*|${builtinModules.join('|')})$`)

/** Importing `node:http` as an ECMAScript module evaluates all that it can lazily load, such as its WebSocket. */
const requireBuiltins: Plugin = {
  name: 'require-builtins',
  setup(bundling) {
    bundling.onResolve({ filter: BUILTIN }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    )
    bundling.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * Bundles a program into one file, once for all tests of a run. Its process starts in a third of the CPU time that the
 * thousand files of its sources and packages need.
 *
 * @returns the path of the bundle; outside a run of the tests the program itself.
 */
export async function bundleProgram(main: string): Promise<string> {
  const hash = createHash('sha256').update(main).digest('hex').slice(0, 12)
  return (await oncePerRun(`${hash}-${basename(main, '.ts')}.mjs`, (outfile) => bundle(main, outfile))) ?? main
}

async function bundle(main: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [main],
    outfile,
    bundle: true,
    platform: 'node',
    // Names stay readable in the traces of errors; Node reads and hashes half of the bytes.
    minifyWhitespace: true,
    legalComments: 'none',
    format: 'esm',
    banner: { js: REQUIRE },
    footer: { js: FLUSH },
    plugins: [keepModuleUrls, requireBuiltins],
    logLevel: 'warning',
  })
}
