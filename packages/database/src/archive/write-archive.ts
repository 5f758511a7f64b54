/**
 * Deliveries in files, for the time after their retention: a day is a file of gzipped JSON lines.
 *
 * Guarantees: a file is complete or does not count, also after the process was killed. It counts once it was read back from the
 * store and is what was sent. The body of a user's delivery can be read until the user is erased.
 */

import type { Pool } from 'pg'
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { oneAtATime } from '../one-at-a-time.ts'
import { DAY_MS, DELIVERIES, findPartitions } from '../partitions.ts'
import { fileOf, hashed, indexOf, withdrawChecksums, writeChecksums } from './archive-file.ts'
import { type ArchiveKey, provideArchiveKeys, seal } from './archive-keys.ts'
import { ArchiveDamagedError, type ArchiveStore, ArchiveStoreError } from './archive-store.ts'
import type { StoredDelivery } from './archived-delivery.ts'
import { OrderIndexBuilder } from './order-index.ts'

const BATCH_ROWS = 5_000
/** What one process at a time may do. */
export const ARCHIVE_WORK = 'paxyo archive'

/**
 * Writes the days that are older than the retention, which the next maintenance drops. A day that was written before is
 * written again, because a delivery may have been decided since.
 *
 * @param pool of at least two connections.
 * @returns the files; undefined when another process writes or deletes deliveries.
 * @throws ArchiveStoreError, and the database's errors.
 * @example
 * await archiveDeliveries(ownerPool, createFolderStore(folder), new Date(), 90) //=> []
 */
export async function archiveDeliveries(
  pool: Pool,
  store: ArchiveStore,
  now: Date,
  retentionDays: number,
): Promise<string[] | undefined> {
  const firstKeptDay = Math.floor(now.getTime() / DAY_MS) - retentionDays
  return oneAtATime(pool, ARCHIVE_WORK, async () => {
    const files: string[] = []
    for (const name of await findPartitions(pool, DELIVERIES, firstKeptDay)) {
      files.push(await archivePartition(pool, store, name))
    }
    return files
  })
}

/** A part of a partition. */
export interface PartitionPart {
  /** SQL, about `delivery`. */
  readonly where: string
  /** The name of the file, without its endings. */
  readonly name: string
}

/**
 * Writes the deliveries of a partition to a compressed file, with an index of its orders and its checksum, and reads it back.
 *
 * @param part what is written of it; all when undefined.
 * @returns the file, with the place of the store.
 * @throws ArchiveStoreError when the store failed, ArchiveDamagedError when it returned other bytes, and the database's errors.
 * @example
 * const file = await archivePartition(ownerPool, createFolderStore(folder), 'deliveries_default')
 * file.endsWith('/deliveries_default.ndjson.gz') //=> true
 */
export async function archivePartition(
  pool: Pool,
  store: ArchiveStore,
  partition: string,
  part: PartitionPart = { where: 'true', name: partition },
): Promise<string> {
  const file = fileOf(part.name)
  try {
    await withdrawChecksums(store, file)
    const index = new OrderIndexBuilder()
    const lines = readLines(pool, partition, part.where, index)
    const hash = createHash('sha256')
    await pipeline(Readable.from(lines), createGzip(), (bytes: AsyncIterable<Uint8Array>) =>
      store.write(file, hashed(bytes, hash)),
    )
    const checksum = hash.digest('hex')
    await verify(store, file, checksum)
    const indexBytes = index.build()
    await store.write(indexOf(file), [indexBytes])
    await writeChecksums(
      store,
      file,
      new Map([
        [file, checksum],
        [indexOf(file), createHash('sha256').update(indexBytes).digest('hex')],
      ]),
    )
  } catch (error) {
    if (error instanceof UnreadDeliveriesError) throw error.cause
    throw error instanceof ArchiveDamagedError ? error : new ArchiveStoreError(store.place, error)
  }
  return `${store.place}/${file}`
}

async function verify(store: ArchiveStore, file: string, checksum: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const chunk of store.read(file)) hash.update(chunk)
  if (hash.digest('hex') !== checksum) {
    throw new ArchiveDamagedError(`${store.place}/${file}, read back, is not what was written`)
  }
}

interface Line {
  readonly received_at: string
  readonly delivery_id: string
  readonly provider_order_id: string | null
  readonly order_id: string | null
  /** Null when no order has had the provider order of the delivery. */
  readonly user_id: string | null
  readonly line: string
}

/** The database's error, which must not look like one of the store. */
class UnreadDeliveriesError extends Error {
  override readonly name = 'UnreadDeliveriesError'
}

async function* readLines(
  pool: Pool,
  partition: string,
  where: string,
  index: OrderIndexBuilder,
): AsyncGenerator<string> {
  const text = `
    SELECT delivery.received_at::text AS received_at, delivery.delivery_id, delivery.provider_order_id,
      orders.order_id, orders.user_id,
      (to_jsonb(delivery) || jsonb_build_object('order_id', orders.order_id))::text AS line
    FROM ${partition} AS delivery LEFT JOIN orders
      ON orders.order_id = order_of_delivery(delivery.provider, delivery.provider_order_id, delivery.received_at)
    WHERE (delivery.received_at, delivery.delivery_id) > ($1::timestamptz, $2) AND ${where}
    ORDER BY delivery.received_at, delivery.delivery_id LIMIT ${BATCH_ROWS}`
  for (let after = ['-infinity', '']; ;) {
    const { rows, keys } = await readPage(pool, text, after).catch((cause: unknown) => {
      throw new UnreadDeliveriesError('the deliveries could not be read', { cause })
    })
    index.add(rows.flatMap(({ order_id, provider_order_id }) => [order_id ?? [], provider_order_id ?? []].flat()))
    for (const row of rows) {
      const key = row.user_id === null ? undefined : keys.get(row.user_id)
      yield `${key === undefined ? row.line : sealLine(row.line, key)}\n`
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < BATCH_ROWS) return
    after = [last.received_at, last.delivery_id]
  }
}

async function readPage(pool: Pool, text: string, after: readonly string[]) {
  const { rows } = await pool.query<Line>(text, [...after])
  const keys = await provideArchiveKeys(pool, [...new Set(rows.flatMap((row) => row.user_id ?? []))])
  return { rows, keys }
}

function sealLine(line: string, { key_id: keyId, key }: ArchiveKey): string {
  const { body, waiting_update, ...rest } = JSON.parse(line) as StoredDelivery & { waiting_update: string | null }
  const sealed = seal(key, rest.delivery_id, JSON.stringify({ body, waiting_update }))
  return JSON.stringify({ ...rest, key_id: keyId, sealed })
}
