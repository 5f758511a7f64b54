/**
 * Which orders a file of the archive is about, so that a reader skips the other files: four bytes of the SHA-256 of each id,
 * sorted, each once. An id that is in it may be in the file; one that is not in it is not.
 */

import { createHash } from 'node:crypto'

const ENTRY_BYTES = 4

const entryOf = (id: string): number => createHash('sha256').update(id).digest().readUInt32BE()

/** Collects the ids of orders while a file is written. */
export class OrderIndexBuilder {
  readonly #pages: Uint32Array[] = []

  /** @param ids of a page of deliveries; the same one may come again. */
  add(ids: Iterable<string>): void {
    this.#pages.push(Uint32Array.from(new Set(ids), entryOf))
  }

  build(): Buffer {
    const entries = new Uint32Array(this.#pages.reduce((sum, page) => sum + page.length, 0))
    let count = 0
    for (const page of this.#pages) {
      entries.set(page, count)
      count += page.length
    }
    entries.sort()
    const bytes = Buffer.alloc(entries.length * ENTRY_BYTES)
    let end = 0
    for (const [place, entry] of entries.entries()) {
      if (place === 0 || entry !== entries[place - 1]) end = bytes.writeUInt32BE(entry, end)
    }
    return bytes.subarray(0, end)
  }
}

/** Whether the file of an index may have deliveries of an order. */
export function mayContain(index: Buffer, id: string): boolean {
  const entry = entryOf(id)
  for (let at = 0; at < index.length; at += ENTRY_BYTES) {
    if (index.readUInt32BE(at) === entry) return true
  }
  return false
}
