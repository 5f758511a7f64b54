import { SCRIPT_FILE } from '@paxyo/paxyo-js'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'

/** The script that pages load, in the encodings that browsers accept. */
export interface EmbedScript {
  /** The content hash: it differs for each build. */
  readonly hash: string
  readonly bodies: Readonly<Record<'br' | 'gzip' | 'identity', Buffer>>
}

const HASH_CHARS = 16

/** @throws Error with the build command, when the script has not been built. */
export function loadEmbedScript(file: URL = SCRIPT_FILE): EmbedScript {
  const identity = read(file)
  return {
    hash: createHash('sha256').update(identity).digest('hex').slice(0, HASH_CHARS),
    bodies: { identity, gzip: gzipSync(identity, { level: 9 }), br: brotliCompressSync(identity) },
  }
}

function read(file: URL): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`${fileURLToPath(file)} cannot be read. Build it: node packages/paxyo-js/build.mjs`, {
      cause,
    })
  }
}
