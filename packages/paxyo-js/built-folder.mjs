// Builds a folder of files for browsers, if it is missing or its sources have changed. npm's pre-scripts run this, on
// Node 18 and newer.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const workspace = join(dirname(fileURLToPath(import.meta.url)), '../..')
/** The hashes of the source files. */
const SOURCES_FILE = 'sources.json'

/**
 * @param folder the absolute path of the folder.
 * @param bundle returns `files`, each with name and content, and `sources`, their paths in the workspace.
 */
export async function buildFolder(folder, bundle) {
  if (isUpToDate(folder)) return
  const { files, sources } = await bundle()
  const unfinished = `${folder}.${process.pid}`
  for (const { name, content } of files) write(join(unfinished, name), content)
  const hashes = Object.fromEntries(sources.map((path) => [path, hashOf(path)]))
  write(join(unfinished, SOURCES_FILE), JSON.stringify(hashes, undefined, 2))
  // A concurrent build may be renaming, too: both have the same files.
  rmSync(folder, { recursive: true, force: true })
  renameSync(unfinished, folder)
}

function isUpToDate(folder) {
  const file = join(folder, SOURCES_FILE)
  if (!existsSync(file)) return false
  return Object.entries(JSON.parse(readFileSync(file, 'utf8'))).every(([path, hash]) => hashOf(path) === hash)
}

function hashOf(path) {
  const file = join(workspace, path)
  return existsSync(file) ? createHash('sha256').update(readFileSync(file)).digest('hex') : undefined
}

function write(file, content) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
