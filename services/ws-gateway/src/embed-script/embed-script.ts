import { SCRIPT_FILE } from '@paxyo/paxyo-js'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'

/** Those that browsers accept. */
export type Encoding = 'br' | 'gzip' | 'identity'

/** The script that pages load. */
export interface EmbedScript {
  /** The content hash: it differs for each build. */
  readonly hash: string
  /** Compresses it when it is first requested: that takes a tenth of a second, for which no start of a gateway waits. */
  readonly body: (encoding: Encoding) => Promise<Buffer>
}

const HASH_CHARS = 16

const [compressBrotli, compressGzip] = [promisify(brotliCompress), promisify(gzip)]
const ENCODE: Readonly<Record<Encoding, (script: Buffer) => Promise<Buffer>>> = {
  br: (script) => compressBrotli(script),
  gzip: (script) => compressGzip(script, { level: 9 }),
  identity: (script) => Promise.resolve(script),
}

/** @throws Error with the build command, when the script has not been built. */
export function loadEmbedScript(file: URL = SCRIPT_FILE): EmbedScript {
  const script = read(file)
  const bodies = new Map<Encoding, Promise<Buffer>>()
  return {
    hash: createHash('sha256').update(script).digest('hex').slice(0, HASH_CHARS),
    body(encoding) {
      const body = bodies.get(encoding) ?? ENCODE[encoding](script)
      bodies.set(encoding, body)
      return body
    },
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
