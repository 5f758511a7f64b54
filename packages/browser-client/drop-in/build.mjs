// Bundles the drop-in script into one file, dist/paxyo.js, when it is missing or its sources have changed. Runs on any
// Node from 18 on, from npm's pre-scripts: esbuild is looked for only when there is something to build.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const workspace = join(folder, '../../..')
const builtFile = join(folder, 'dist/paxyo.js')
/** What it was built from: a hash for each file. */
const sourcesFile = join(folder, 'dist/sources.json')

/** Builds the script unless it is up to date, and says whether it did. */
export async function buildDropIn() {
  if (isUpToDate()) return false
  const esbuild = await import('esbuild')
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [join(folder, 'main.ts')],
    absWorkingDir: workspace,
    bundle: true,
    format: 'iife',
    minify: true,
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
    plugins: [cssAsText(esbuild)],
  })
  const sources = [
    ...Object.keys(metafile.inputs),
    relative(workspace, fileURLToPath(import.meta.url)),
    'pnpm-lock.yaml',
  ]
  write(builtFile, outputFiles[0].contents)
  write(sourcesFile, JSON.stringify(Object.fromEntries(sources.map((path) => [path, hashOf(path)])), undefined, 2))
  return true
}

function isUpToDate() {
  if (!existsSync(builtFile) || !existsSync(sourcesFile)) return false
  return Object.entries(JSON.parse(readFileSync(sourcesFile, 'utf8'))).every(([path, hash]) => hashOf(path) === hash)
}

function hashOf(path) {
  const file = join(workspace, path)
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined
}

/** In one step, so that whoever reads meanwhile gets the old file or the new one. */
function write(file, content) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(`${file}.${process.pid}`, content)
  renameSync(`${file}.${process.pid}`, file)
}

/** The stylesheet of a shadow tree is a string in the script. */
function cssAsText(esbuild) {
  return {
    name: 'css-as-text',
    setup({ onLoad }) {
      onLoad({ filter: /\.css$/ }, async ({ path }) => {
        const { code } = await esbuild.transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true })
        return { contents: code, loader: 'text' }
      })
    },
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildDropIn()
  const integrity = createHash('sha384').update(readFileSync(builtFile)).digest('base64')
  console.log(`${relative(workspace, builtFile)} sha384-${integrity}`)
}
