import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { etagOf, type StoredFile } from './stored-file.ts'

/** The files that `build.mjs` writes. */
const BUILT_FOLDER = new URL('../dist/page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

/**
 * Reads the files of the page, by name.
 *
 * @throws Error with the build command, when the page has not been built.
 */
export function readPageFiles(folder: URL = BUILT_FOLDER): ReadonlyMap<string, StoredFile> {
  const compressed = list(folder).filter((name) => name.endsWith('.gz'))
  return new Map(
    compressed.map((stored) => {
      const gzip = readFileSync(new URL(stored, folder))
      const name = stored.slice(0, -'.gz'.length)
      const type = TYPES[extname(name)]!
      return [name, { type, etag: etagOf(gzip), gzip, isHashed: extname(name) === '.js' }]
    }),
  )
}

function list(folder: URL): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    throw new Error(`${fileURLToPath(folder)} cannot be read. Build it: node packages/api-reference/build.mjs`, {
      cause,
    })
  }
}
