// Compresses the files of the page at /docs into dist/page, if they are missing or have changed. npm's pre-scripts run
// this, on Node 18 and newer.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const folder = dirname(fileURLToPath(import.meta.url))
/** The files that are served. */
const builtFolder = join(folder, 'dist/page')
/** The hash of their sources. */
const stampFile = join(builtFolder, 'sources.sha256')
const SCRIPTS = {
  'scalar.js': join(folder, 'node_modules/@scalar/api-reference/dist/browser/standalone.js'),
  'reference.js': join(folder, 'page/reference.js'),
}
const INDEX = join(folder, 'page/index.html')

/** Builds the page unless it is up to date. */
export async function buildApiReference() {
  const stamp = hashOf([fileURLToPath(import.meta.url), INDEX, ...Object.values(SCRIPTS)].map(read))
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return
  const unfinished = `${builtFolder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  for (const [name, content] of filesOfPage()) {
    writeFileSync(join(unfinished, `${name}.gz`), gzipSync(content, { level: 9 }))
  }
  writeFileSync(join(unfinished, basename(stampFile)), stamp)
  // A concurrent build may be renaming, too: both have the same files.
  rmSync(builtFolder, { recursive: true, force: true })
  renameSync(unfinished, builtFolder)
}

/**
 * The files by name. The name of a script has the hash of its content, so that browsers keep it for good.
 *
 * @returns {[name: string, content: Buffer][]}
 */
function filesOfPage() {
  let index = read(INDEX).toString()
  const scripts = Object.entries(SCRIPTS).map(([name, path]) => {
    const content = withoutSourceMap(read(path))
    const hashed = `${basename(name, '.js')}-${hashOf([content]).slice(0, 16)}${extname(name)}`
    index = index.replace(`docs/files/${name}`, `docs/files/${hashed}`)
    return [hashed, content]
  })
  return [...scripts, ['index.html', Buffer.from(index)]]
}

/** The source map is four times the size of the script, and not served. */
const withoutSourceMap = (content) => Buffer.from(content.toString().replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'))

const read = (path) => readFileSync(path)

function hashOf(contents) {
  const hash = createHash('sha256')
  for (const content of contents) hash.update(content)
  return hash.digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildApiReference()
