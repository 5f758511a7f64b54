// Bundles the embed script into one file, dist/paxyo.js, if it is missing or its sources have changed. npm's
// pre-scripts run this, on Node 18 and newer: it imports esbuild only if there is something to build.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = dirname(fileURLToPath(import.meta.url))
const workspace = join(folder, '../..')
/** The script that pages load. */
const builtFile = join(folder, 'dist/paxyo.js')
/** It lists the supported browsers. */
const browsersFile = join(workspace, 'packages/browser-client/package.json')
/** The hashes of its source files. */
const sourcesFile = join(folder, 'dist/sources.json')

/** Builds the script unless it is up to date. */
export async function buildScript() {
  if (isUpToDate()) return
  const { script, sources } = await bundleScript()
  write(builtFile, script)
  write(sourcesFile, JSON.stringify(Object.fromEntries(sources.map((path) => [path, hashOf(path)])), undefined, 2))
}

/** The same sources give the same bytes: the version of esbuild is pinned. */
export async function bundleScript() {
  const esbuild = await import('esbuild')
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [join(folder, 'src/main.ts')],
    absWorkingDir: workspace,
    bundle: true,
    format: 'iife',
    minify: true,
    target: targets(),
    charset: 'utf8',
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
    plugins: [cssAsText(esbuild)],
  })
  const others = [fileURLToPath(import.meta.url), browsersFile].map((file) => relative(workspace, file))
  return { script: outputFiles[0].contents, sources: [...Object.keys(metafile.inputs), ...others, 'pnpm-lock.yaml'] }
}

/** The supported browsers, as esbuild calls them: it replaces syntax that they do not have. */
export function targets() {
  const { browserslist } = JSON.parse(readFileSync(browsersFile, 'utf8'))
  const names = { ios_saf: 'ios', samsung: undefined }
  return browserslist.flatMap((line) => {
    const [browser, , version] = line.split(' ')
    const name = browser in names ? names[browser] : browser
    return name === undefined ? [] : [`${name}${version}`]
  })
}

function isUpToDate() {
  if (!existsSync(builtFile) || !existsSync(sourcesFile)) return false
  return Object.entries(JSON.parse(readFileSync(sourcesFile, 'utf8'))).every(([path, hash]) => hashOf(path) === hash)
}

function hashOf(path) {
  const file = join(workspace, path)
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined
}

/** Atomic: a concurrent reader gets the old file or the new one. */
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

/** Writes the script's integrity hash into the README. */
function documentIntegrity(integrity) {
  const readme = join(folder, 'README.md')
  writeFileSync(readme, readFileSync(readme, 'utf8').replace(/sha384-[\w+/=]+/g, integrity))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildScript()
  const integrity = `sha384-${createHash('sha384').update(readFileSync(builtFile)).digest('base64')}`
  if (process.argv.includes('--document')) documentIntegrity(integrity)
  console.log(`${relative(workspace, builtFile)} ${integrity}`)
}
