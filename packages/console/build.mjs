// Bundles the console's page into dist/page, if it is missing or its sources have changed. npm's pre-scripts run this, on
// Node 18 and newer: it imports esbuild only if there is something to build.
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { targets } from '../paxyo-js/build.mjs'
import { buildFolder } from '../paxyo-js/built-folder.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const workspace = join(folder, '../..')
/** The files that are served. */
const builtFolder = join(folder, 'dist/page')
/** Files that are not a part of the bundle's graph. */
const COPIED = ['index.html', 'icon.svg']
const BUILD_FILES = [
  'packages/console/build.mjs',
  'packages/paxyo-js/build.mjs',
  'packages/paxyo-js/built-folder.mjs',
  'packages/browser-client/package.json',
]

/** Builds the page unless it is up to date. */
export async function buildConsole() {
  await buildFolder(builtFolder, bundleConsole)
}

/** The same sources give the same bytes: the version of esbuild is pinned. */
export async function bundleConsole() {
  const esbuild = await import('esbuild')
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: {
      console: join(folder, 'page/main.tsx'),
      'console-styles': join(folder, 'page/styles/console.css'),
      theme: join(folder, 'page/theme.ts'),
    },
    absWorkingDir: workspace,
    outdir: builtFolder,
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    target: targets(),
    jsx: 'automatic',
    jsxImportSource: 'preact',
    charset: 'utf8',
    legalComments: 'none',
    loader: { '.woff2': 'file' },
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    write: false,
    metafile: true,
    logLevel: 'warning',
  })
  const files = outputFiles.map(({ path, contents }) => ({ name: relative(builtFolder, path), content: contents }))
  const copied = COPIED.map((name) => ({ name, content: readFileSync(join(folder, 'page', name)) }))
  const others = [...COPIED.map((name) => `packages/console/page/${name}`), ...BUILD_FILES, 'pnpm-lock.yaml']
  return { files: [...files, ...copied], sources: [...Object.keys(metafile.inputs), ...others], metafile }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildConsole()
