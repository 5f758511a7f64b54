import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'

/** A file that is served, compressed. */
export interface StoredFile {
  readonly type: string
  readonly etag: string
  readonly gzip: Buffer
  /** Whether its name has the hash of its content. */
  readonly isHashed: boolean
}

/** A JSON document. */
export function toStoredFile(document: unknown): StoredFile {
  const bytes = Buffer.from(JSON.stringify(document))
  return {
    type: 'application/json; charset=utf-8',
    etag: etagOf(bytes),
    gzip: gzipSync(bytes),
    isHashed: false,
  }
}

export const etagOf = (bytes: Buffer): string =>
  `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
