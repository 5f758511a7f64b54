import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

/** A file for browsers, in the encodings that it is served in. */
export interface BuiltFile {
  readonly name: string
  readonly type: string
  readonly etag: string
  readonly identity: Buffer
  /** Compressed when it is first read; undefined for what is compressed already. */
  readonly gzip: Buffer | undefined
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/**
 * Reads the files of a page that a build has written.
 *
 * @param command what builds them.
 * @throws Error with the command, when they are missing.
 * @example
 * readBuiltFiles(new URL(`file://${folder}/`), 'npm run setup') //=> []
 */
export function readBuiltFiles(folder: URL, command: string): readonly BuiltFile[] {
  const names = list(folder, command).filter((name) => extname(name) in TYPES)
  return names.map((name) => {
    const identity = readFileSync(new URL(name, folder))
    const type = TYPES[extname(name)]!
    let compressed: Buffer | undefined
    return {
      name,
      type,
      etag: `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`,
      identity,
      get gzip() {
        if (type === 'font/woff2') return undefined
        return (compressed ??= gzipSync(identity, { level: 9 }))
      },
    }
  })
}

function list(folder: URL, command: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    throw new Error(`${fileURLToPath(folder)} cannot be read. Build it: ${command}`, { cause })
  }
}
