import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** A file of the page, in the encodings that it is served in. */
export interface PageFile {
  readonly name: string
  readonly type: string
  readonly etag: string
  readonly identity: Buffer
  /** Undefined for what is compressed already. */
  readonly gzip: Buffer | undefined
}

/** The files that `build.mjs` writes. */
const BUILT_FOLDER = new URL('../../dist/page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** @throws Error with the build command, when the page has not been built. */
export function readPageFiles(folder: URL = BUILT_FOLDER): readonly PageFile[] {
  const names = list(folder).filter((name) => extname(name) in TYPES)
  return names.map((name) => {
    const identity = readFileSync(new URL(name, folder))
    const type = TYPES[extname(name)]!
    return {
      name,
      type,
      etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
      identity,
      gzip: type === 'font/woff2' ? undefined : gzipSync(identity, { level: 9 }),
    }
  })
}

function list(folder: URL): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    throw new Error(`${fileURLToPath(folder)} cannot be read. Build it: node packages/console/build.mjs`, { cause })
  }
}
