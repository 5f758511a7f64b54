// Bundles the console's page into dist/page, if it is missing or its sources have changed. npm's pre-scripts run this, on
// Node 18 and newer: it imports esbuild only if there is something to build.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { targets } from '../paxyo-js/build.mjs'

const folder = dirname(fileURLToPath(import.meta.url))
const workspace = join(folder, '../..')
/** The files that are served. */
const builtFolder = join(folder, 'dist/page')
/** The hashes of their source files. */
const sourcesFile = join(builtFolder, 'sources.json')
/** Files that are not a part of the bundle's graph. */
const COPIED = ['index.html', 'icon.svg']
const BUILD_FILES = [
  'packages/console/build.mjs',
  'packages/paxyo-js/build.mjs',
  'packages/browser-client/package.json',
]

/** Builds the page unless it is up to date. */
export async function buildConsole() {
  if (isUpToDate()) return
  const { files, sources } = await bundleConsole()
  const unfinished = `${builtFolder}.${process.pid}`
  for (const { name, content } of files) write(join(unfinished, name), content)
  const hashes = Object.fromEntries(sources.map((path) => [path, hashOf(path)]))
  write(join(unfinished, 'sources.json'), JSON.stringify(hashes, undefined, 2))
  // A concurrent build may be renaming, too: both have the same files.
  rmSync(builtFolder, { recursive: true, force: true })
  renameSync(unfinished, builtFolder)
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

function isUpToDate() {
  if (!existsSync(sourcesFile)) return false
  return Object.entries(JSON.parse(readFileSync(sourcesFile, 'utf8'))).every(([path, hash]) => hashOf(path) === hash)
}

function hashOf(path) {
  const file = join(workspace, path)
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined
}

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildConsole()
