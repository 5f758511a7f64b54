/**
 * The files of the archive. A file of deliveries, `<name>.ndjson.gz`, has two others next to it: `<name>.ndjson.gz.orders`, the index of its
 * orders, and `<name>.ndjson.gz.sha256`, the checksums of both in the format of `sha256sum`. The checksums are written last, so a file
 * without them is not finished and does not count.
 */

import type { Hash } from 'node:crypto'
import type { ArchiveStore } from './archive-store.ts'

/** Days, what was deleted from the default partition, and what was deleted of the bodies of either. */
const FILE = /^deliveries_(?:\d{4}_\d\d_\d\d|default)(?:_bodies)?(?:_\d+)*\.ndjson\.gz$/
const CHECKSUM = /^([0-9a-f]{64}) {2}(.+)$/gm

export const isDeliveryFile = (name: string): boolean => FILE.test(name)
export const fileOf = (name: string): string => `${name}.ndjson.gz`
export const indexOf = (file: string): string => `${file}.orders`
const checksumsOf = (file: string): string => `${file}.sha256`

/** Checksums by the name of their file. */
export type Checksums = ReadonlyMap<string, string>

/** From here on, a file that has this name does not count. */
export async function withdrawChecksums(store: ArchiveStore, file: string): Promise<void> {
  await store.write(checksumsOf(file), [Buffer.from('not finished\n')])
}

export async function writeChecksums(store: ArchiveStore, file: string, checksums: Checksums): Promise<void> {
  const lines = [...checksums].map(([name, checksum]) => `${checksum}  ${name}\n`)
  await store.write(checksumsOf(file), [Buffer.from(lines.join(''))])
}

/** @param names of all files in the store. */
export async function readChecksums(store: ArchiveStore, file: string, names: ReadonlySet<string>): Promise<Checksums> {
  if (!names.has(checksumsOf(file))) return new Map()
  const text = (await readAll(store.read(checksumsOf(file)))).toString('utf8')
  return new Map([...text.matchAll(CHECKSUM)].map(([, checksum, name]) => [name!, checksum!]))
}

export async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(bytes))
}

/** Passes bytes on, and hashes them. */
export async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk)
    yield chunk
  }
}
