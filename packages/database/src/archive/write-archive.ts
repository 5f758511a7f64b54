/**
 * Deliveries in files, for the time after their retention: a day is a file of gzipped JSON lines, with its SHA-256 beside it
 * in the format of `sha256sum`.
 *
 * Guarantees: a file is complete or not there, also after the process was killed. A reader that finds a file with another
 * checksum says so, and reads nothing of it. The body of a user's delivery can be read until the user is erased.
 */

import type { Pool } from 'pg'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { type ArchiveKey, provideArchiveKeys, readArchiveKeys, seal, unseal } from './archive-keys.ts'
import { DAY_MS, DELIVERIES, findPartitions } from './partitions.ts'

const BATCH_ROWS = 5_000
/** Days, what was deleted from the default partition, and what was deleted of the bodies of either. */
const FILE = /^deliveries_(?:\d{4}_\d\d_\d\d|default)(?:_bodies)?(?:_\d+)*\.ndjson\.gz$/

/** A delivery as its table has it, with the order to which it belongs. */
export interface ArchivedDelivery {
  readonly delivery_id: string
  readonly order_id: string | null
  readonly provider: string
  readonly provider_order_id: string | null
  readonly outcome: string
  readonly reason: string | null
  readonly received_at: string
  /** Null when it was not kept any more, or when the user was erased. */
  readonly body: string | null
  /** Whether the user of its order was erased. */
  readonly is_erased: boolean
}

/** A line of a file. The members about a user are sealed; a delivery without an order has them as they are. */
type StoredDelivery = Omit<ArchivedDelivery, 'is_erased'> & { readonly key_id?: string; readonly sealed?: string }

/**
 * Writes the days that are older than the retention, which the next maintenance drops. A day that was written before is
 * written again, because a delivery may have been decided since.
 *
 * @returns the files.
 * @example
 * await archiveDeliveries(ownerPool, folder, new Date(), 90) //=> []
 */
export async function archiveDeliveries(
  pool: Pool,
  folder: string,
  now: Date,
  retentionDays: number,
): Promise<string[]> {
  const firstKeptDay = Math.floor(now.getTime() / DAY_MS) - retentionDays
  const files: string[] = []
  for (const name of await findPartitions(pool, DELIVERIES, firstKeptDay)) {
    files.push(await archivePartition(pool, folder, name))
  }
  return files
}

/** A part of a partition. */
export interface PartitionPart {
  /** SQL, about `delivery`. */
  readonly where: string
  /** The name of the file, without its endings. */
  readonly name: string
}

/**
 * Writes the deliveries of a partition to a compressed file, and its checksum beside it.
 *
 * @param part what is written of it; all when undefined.
 * @returns the path of the file.
 * @example
 * (await archivePartition(ownerPool, folder, 'deliveries_default')).endsWith('/deliveries_default.ndjson.gz') //=> true
 */
export async function archivePartition(
  pool: Pool,
  folder: string,
  partition: string,
  part: PartitionPart = { where: 'true', name: partition },
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${part.name}.ndjson.gz`)
  const unfinished = `${file}.unfinished`
  await pipeline(Readable.from(readLines(pool, partition, part.where)), createGzip(), createWriteStream(unfinished))
  await sync(unfinished)
  const checksum = `${file}.sha256`
  // First: a file whose checksum is missing or older counts as damaged, and is written again by the next run.
  await writeFile(checksum, `${await sha256Of(unfinished)}  ${basename(file)}\n`, { flush: true })
  await rename(unfinished, file)
  await sync(folder)
  return file
}

interface Line {
  readonly received_at: string
  readonly delivery_id: string
  /** Null when no order has had the provider order of the delivery. */
  readonly user_id: string | null
  readonly line: string
}

function sealLine(line: string, { key_id: keyId, key }: ArchiveKey): string {
  const { body, waiting_update, ...rest } = JSON.parse(line) as StoredDelivery & { waiting_update: string | null }
  const sealed = seal(key, rest.delivery_id, JSON.stringify({ body, waiting_update }))
  return JSON.stringify({ ...rest, key_id: keyId, sealed })
}

async function* readLines(pool: Pool, partition: string, where: string): AsyncGenerator<string> {
  const text = `
    SELECT delivery.received_at::text AS received_at, delivery.delivery_id, orders.user_id,
      (to_jsonb(delivery) || jsonb_build_object('order_id', orders.order_id))::text AS line
    FROM ${partition} AS delivery LEFT JOIN orders
      ON orders.order_id = order_of_delivery(delivery.provider, delivery.provider_order_id, delivery.received_at)
    WHERE (delivery.received_at, delivery.delivery_id) > ($1::timestamptz, $2) AND ${where}
    ORDER BY delivery.received_at, delivery.delivery_id LIMIT ${BATCH_ROWS}`
  for (let after = ['-infinity', '']; ;) {
    const { rows } = await pool.query<Line>(text, after)
    const keys = await provideArchiveKeys(pool, [...new Set(rows.flatMap((row) => row.user_id ?? []))])
    for (const row of rows) {
      const key = row.user_id === null ? undefined : keys.get(row.user_id)
      yield `${key === undefined ? row.line : sealLine(row.line, key)}\n`
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < BATCH_ROWS) return
    after = [last.received_at, last.delivery_id]
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** A file of the archive is not the one that was written. */
export class ArchiveDamagedError extends Error {
  override readonly name = 'ArchiveDamagedError'
}

/**
 * Reads the archived deliveries of an order, in the order of their arrival.
 *
 * @param pool of the owner, for the keys.
 * @param order its id, or that of its provider.
 * @throws ArchiveDamagedError that names the file.
 * @example
 * await readArchivedDeliveries(ownerPool, folder, 'A-1') //=> []
 */
export async function readArchivedDeliveries(pool: Pool, folder: string, order: string): Promise<ArchivedDelivery[]> {
  // A delivery is found twice when its body was deleted earlier, or a process was killed before it had deleted what it had written.
  const found: StoredDelivery[] = []
  for (const name of (await readdir(folder)).filter((one) => FILE.test(one)).toSorted()) {
    const file = join(folder, name)
    const [expected] = (await readFile(`${file}.sha256`, 'utf8').catch(() => '')).split(' ')
    if ((await sha256Of(file)) !== expected) throw new ArchiveDamagedError(`${file} does not match its checksum`)
    for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
      const delivery = JSON.parse(line) as StoredDelivery
      if (delivery.order_id === order || delivery.provider_order_id === order) {
        found.push(delivery)
      }
    }
  }
  const keys = await readArchiveKeys(pool, [...new Set(found.flatMap((delivery) => delivery.key_id ?? []))])
  const opened = found.map((delivery) => openDelivery(delivery, keys))
  const same = Map.groupBy(opened, (delivery) => `${delivery.received_at} ${delivery.delivery_id}`)
  return [...same.values()]
    .map((one) => one.find(({ body }) => body !== null) ?? one[0]!)
    .toSorted((a, b) => Date.parse(a.received_at) - Date.parse(b.received_at))
}

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
