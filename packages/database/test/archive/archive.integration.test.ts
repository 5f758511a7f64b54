import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ArchiveStore, ArchiveDamagedError, ArchiveStoreError } from '../../src/archive/archive-store.ts'
import { createFolderStore } from '../../src/archive/folder-store.ts'
import { readArchivedDeliveries } from '../../src/archive/read-archive.ts'
import { ARCHIVE_WORK, archiveDeliveries, archivePartition } from '../../src/archive/write-archive.ts'
import { deleteOldDeliveries } from '../../src/delete-old-deliveries.ts'
import { dropOldDeliveries } from '../../src/delivery-retention.ts'
import { oneAtATime } from '../../src/one-at-a-time.ts'
import { insertSample } from '../sample-rows.ts'

const DAY = 'deliveries_2024_02_26'
const FILE = `${DAY}.ndjson.gz`
const NOW = new Date('2024-06-01T00:00:00Z')
const RETENTION_DAYS = 30

let database: TestDatabase
let folder: string
let store: ArchiveStore
beforeEach(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'paxyo-archive-'))
  store = createFolderStore(folder)
  await insertSample(database.owner, 'accounts')
  await insertSample(database.owner, 'orders')
  await database.owner.query(`
    CREATE TABLE ${DAY} PARTITION OF deliveries FOR VALUES FROM ('2024-02-26Z') TO ('2024-02-27Z');
    INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
    VALUES ('d-1', 'godofpanel', '12345', '{}', 'applied', '2024-02-26T12:00:00Z')`)
})
afterEach(async () => {
  await rm(folder, { recursive: true })
  await database[Symbol.asyncDispose]()
})

const drop = (to: ArchiveStore) =>
  dropOldDeliveries(database.owner, NOW, RETENTION_DAYS, (name, part) =>
    archivePartition(database.owner, to, name, part),
  )
const read = (order: string, from = store) => readArchivedDeliveries(database.owner, from, order)
const countDeliveries = async () => (await database.owner.query('SELECT FROM deliveries')).rowCount

test('a store that keeps other bytes gets no checksum, and nothing is dropped', async () => {
  const lossy: ArchiveStore = {
    ...store,
    async write(name, bytes) {
      await store.write(name, bytes)
      if (name === FILE) await writeFile(join(folder, name), (await readFile(join(folder, name))).subarray(0, -1))
    },
  }
  await expect(drop(lossy)).rejects.toThrow(
    new ArchiveDamagedError(`${folder}/${FILE}, read back, is not what was written`),
  )
  expect(await countDeliveries()).toBe(1)
  expect(await read('A-1')).toEqual({ deliveries: [], unfinished: [FILE] })

  expect(await drop(store)).toMatchObject({ dropped: [DAY] })
  expect(await read('A-1')).toMatchObject({ deliveries: [{ delivery_id: 'd-1' }], unfinished: [] })
})

test('a file that is written again does not count until it is complete', async () => {
  await archivePartition(database.owner, store, DAY)
  const failing: ArchiveStore = {
    ...store,
    write: (name, bytes) => (name === FILE ? Promise.reject(new Error('away')) : store.write(name, bytes)),
  }
  await expect(archivePartition(database.owner, failing, DAY)).rejects.toThrow(
    new ArchiveStoreError(folder, new Error('away')),
  )
  expect(await read('A-1')).toMatchObject({ deliveries: [], unfinished: [FILE] })
})

test("an error of the database is the database's", async () => {
  await expect(archivePartition(database.owner, store, 'deliveries_1999_01_01')).rejects.toMatchObject({
    code: '42P01',
  })
})

test('only the index is read of a file that does not have the order; without one, the file is', async () => {
  await archivePartition(database.owner, store, DAY)
  const names: string[] = []
  const counting: ArchiveStore = {
    ...store,
    read(name) {
      names.push(name)
      return store.read(name)
    },
  }
  expect((await read('A-2', counting)).deliveries).toEqual([])
  expect(names).toEqual([`${FILE}.sha256`, `${FILE}.orders`])

  await writeFile(join(folder, `${FILE}.orders`), '')
  await expect(read('A-1')).rejects.toThrow(`${FILE}.orders does not match its checksum`)
  const [line] = (await readFile(join(folder, `${FILE}.sha256`), 'utf8')).split('\n')
  await writeFile(join(folder, `${FILE}.sha256`), `${line}\n`)
  expect((await read('A-1')).deliveries).toMatchObject([{ delivery_id: 'd-1' }])
})

test('two processes do not write the same files', async () => {
  const options = { retentionDays: RETENTION_DAYS, bodyRetentionDays: 0, archive: store }
  await oneAtATime(database.owner, ARCHIVE_WORK, async () => {
    expect(await deleteOldDeliveries(database.owner, NOW, options)).toMatchObject({ isDone: false })
    expect(await archiveDeliveries(database.owner, store, NOW, RETENTION_DAYS)).toBeUndefined()
    expect(await countDeliveries()).toBe(1)
  })
  expect(await deleteOldDeliveries(database.owner, NOW, options)).toMatchObject({
    isDone: true,
    deliveries: { dropped: [DAY] },
  })
})
