/**
 * Guarantees: a reader that finds a file with another checksum says so, and returns nothing of it. It names the files that are not
 * finished.
 */

import type { Pool } from 'pg'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import { createGunzip } from 'node:zlib'
import { type Checksums, hashed, indexOf, isDeliveryFile, readAll, readChecksums } from './archive-file.ts'
import { readArchiveKeys, unseal } from './archive-keys.ts'
import { ArchiveDamagedError, type ArchiveStore, ArchiveStoreError } from './archive-store.ts'
import type { ArchivedDelivery, StoredDelivery } from './archived-delivery.ts'
import { mayContain } from './order-index.ts'

export interface ArchivedDeliveries {
  /** In the order of their arrival. */
  readonly deliveries: readonly ArchivedDelivery[]
  /** Files without a checksum, of which nothing was read. */
  readonly unfinished: readonly string[]
}

/**
 * Reads the archived deliveries of an order. Of each file it reads the index, and the deliveries only when the index has the order.
 *
 * @param pool of the owner, for the keys.
 * @param order its id, or that of its provider.
 * @throws ArchiveDamagedError that names the file, ArchiveStoreError, and the database's errors.
 * @example
 * await readArchivedDeliveries(ownerPool, createFolderStore(folder), 'A-1') //=> { deliveries: [], unfinished: [] }
 */
export async function readArchivedDeliveries(
  pool: Pool,
  store: ArchiveStore,
  order: string,
): Promise<ArchivedDeliveries> {
  const { found, unfinished } = await readStore(store, order).catch((error: unknown) => {
    throw error instanceof ArchiveDamagedError ? error : new ArchiveStoreError(store.place, error)
  })
  const keys = await readArchiveKeys(pool, [...new Set(found.flatMap((delivery) => delivery.key_id ?? []))])
  const opened = found.map((delivery) => openDelivery(delivery, keys))
  // A delivery is found twice when its body was deleted earlier, or a process was killed before it had deleted what it had written.
  const same = Map.groupBy(opened, (delivery) => `${delivery.received_at} ${delivery.delivery_id}`)
  const deliveries = [...same.values()]
    .map((one) => one.find(({ body }) => body !== null) ?? one[0]!)
    .toSorted((a, b) => Date.parse(a.received_at) - Date.parse(b.received_at))
  return { deliveries, unfinished }
}

async function readStore(store: ArchiveStore, order: string) {
  const names = new Set(await store.list())
  const found: StoredDelivery[] = []
  const unfinished: string[] = []
  for (const file of [...names].filter(isDeliveryFile).toSorted()) {
    const checksums = await readChecksums(store, file, names)
    if (!checksums.has(file)) unfinished.push(file)
    else if (await isIndexed(store, file, checksums, order)) {
      found.push(...(await readFile(store, file, checksums.get(file)!, order)))
    }
  }
  return { found, unfinished }
}

/** A file that was written before there were indexes is read as a whole. */
async function isIndexed(store: ArchiveStore, file: string, checksums: Checksums, order: string): Promise<boolean> {
  const expected = checksums.get(indexOf(file))
  if (expected === undefined) return true
  const index = await readAll(store.read(indexOf(file)))
  if (createHash('sha256').update(index).digest('hex') !== expected) throw damaged(store, indexOf(file))
  return mayContain(index, order)
}

async function readFile(store: ArchiveStore, file: string, expected: string, order: string): Promise<StoredDelivery[]> {
  const found: StoredDelivery[] = []
  const hash = createHash('sha256')
  const bytes = Readable.from(hashed(store.read(file), hash), { objectMode: false })
  try {
    await pipeline(bytes, createGunzip(), async (text: AsyncIterable<Buffer>) => {
      for await (const line of linesOf(text)) {
        const delivery = JSON.parse(line) as StoredDelivery
        if (delivery.order_id === order || delivery.provider_order_id === order) found.push(delivery)
      }
    })
  } catch (error) {
    if (error instanceof SyntaxError || isCompressionError(error)) throw damaged(store, file)
    throw error
  }
  if (hash.digest('hex') !== expected) throw damaged(store, file)
  return found
}

async function* linesOf(text: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of text) {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}

const isCompressionError = (error: unknown): boolean =>
  ['Z_DATA_ERROR', 'Z_BUF_ERROR'].includes((error as { code?: string }).code ?? '')

const damaged = (store: ArchiveStore, file: string): ArchiveDamagedError =>
  new ArchiveDamagedError(`${store.place}/${file} does not match its checksum`)

function openDelivery({ key_id: keyId, sealed, ...rest }: StoredDelivery, keys: Map<string, Buffer>): ArchivedDelivery {
  if (keyId === undefined || sealed === undefined) return { ...rest, is_erased: false }
  const key = keys.get(keyId)
  if (key === undefined) return { ...rest, body: null, is_erased: true }
  return {
    ...rest,
    ...(JSON.parse(unseal(key, rest.delivery_id, sealed)) as { body: string | null }),
    is_erased: false,
  }
}
