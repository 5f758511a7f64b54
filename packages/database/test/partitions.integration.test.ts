import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, stayWithinOneDay, type TestDatabase } from '@paxyo/testkit'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import pg from 'pg'
import { createFolderStore } from '../src/archive/folder-store.ts'
import { readArchivedDeliveries } from '../src/archive/read-archive.ts'
import { archivePartition, type PartitionPart } from '../src/archive/write-archive.ts'
import { dropOldDeliveries } from '../src/delivery-retention.ts'
import { maintainPartitions, readPartitionDays, type MaintainResult } from '../src/partitions.ts'
import { insertSample } from './sample-rows.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  // Those that migrating made for the days of this run.
  const partitions = [...(await findPartitions()), ...(await findPartitions('deliveries'))]
  await database.owner.query(`DROP TABLE ${partitions.join(', ')}`)
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

/** The daily ones. */
async function findPartitions(table = 'events'): Promise<string[]> {
  const { rows } = await database.owner.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits
     WHERE inhparent = $1::regclass AND inhrelid <> to_regclass($1 || '_default') ORDER BY 1`,
    [table],
  )
  return rows.map(({ name }) => name)
}

let seq = 0
/** @returns the partition that took it. */
async function insertEvent(at: string): Promise<string> {
  seq += 1
  const { rows } = await database.owner.query<{ partition: string }>(
    `INSERT INTO events VALUES ('user-1', $1, $2, '{}') RETURNING tableoid::regclass::text AS partition`,
    [seq, at],
  )
  return rows[0]!.partition
}

/** @returns the partitions of events. */
async function maintain(now: string, events?: number): Promise<MaintainResult> {
  const { created, dropped } = await maintainPartitions(database.owner, new Date(now), { events })
  const ofEvents = (names: readonly string[]): string[] => names.filter((name) => name.startsWith('events_'))
  return { created: ofEvents(created), dropped: ofEvents(dropped) }
}

const FIRST_WEEK = [
  'events_2040_02_26',
  'events_2040_02_27',
  'events_2040_02_28',
  'events_2040_02_29',
  'events_2040_03_01',
  'events_2040_03_02',
  'events_2040_03_03',
  'events_2040_03_04',
]

test('there is a partition for today and for each of the next seven days', async () => {
  expect(await maintain('2040-02-26T23:59:59.999Z')).toEqual({ created: FIRST_WEEK, dropped: [] })
  expect(await findPartitions()).toEqual(FIRST_WEEK)
  expect(await findPartitions('deliveries')).toEqual(FIRST_WEEK.map((name) => name.replace('events', 'deliveries')))
})

test('another run on the same day makes nothing, one of the next day makes one', async () => {
  await maintain('2040-02-26T00:00:00Z')

  expect(await maintain('2040-02-26T23:59:59Z')).toEqual({ created: [], dropped: [] })
  expect(await maintain('2040-02-27T00:00:00Z')).toEqual({ created: ['events_2040_03_05'], dropped: [] })
})

test('several who maintain at once do not disturb each other', async () => {
  await Promise.all([1, 2, 3].map(() => maintain('2040-02-26T12:00:00Z', 3)))

  expect(await findPartitions()).toEqual(FIRST_WEEK)
})

test('a day is a day of UTC, wherever the server stands', async () => {
  const farEast = new pg.Pool({ connectionString: database.url, options: '-c timezone=Pacific/Kiritimati', max: 1 })
  try {
    await maintainPartitions(farEast, new Date('2040-02-26T23:00:00Z'))
  } finally {
    await farEast.end()
  }
  expect(await findPartitions()).toEqual(FIRST_WEEK)
  expect(await insertEvent('2040-02-26T00:00:00Z')).toBe('events_2040_02_26')
  expect(await insertEvent('2040-02-26T23:59:59.999Z')).toBe('events_2040_02_26')
  expect(await insertEvent('2040-02-27T00:00:00Z')).toBe('events_2040_02_27')
})

test('retention drops the partitions that are older, and only them', async () => {
  await maintain('2040-02-26T12:00:00Z')
  for (const day of ['26', '27', '28', '29']) await insertEvent(`2040-02-${day}T12:00:00Z`)

  expect(await maintain('2040-03-01T12:00:00Z', 2)).toEqual({
    created: ['events_2040_03_05', 'events_2040_03_06', 'events_2040_03_07', 'events_2040_03_08'],
    dropped: ['events_2040_02_26', 'events_2040_02_27'],
  })
  const { rows } = await database.owner.query('SELECT extract(day FROM at)::int AS day FROM events ORDER BY at')
  expect(rows).toEqual([{ day: 28 }, { day: 29 }])
})

test('without a retention nothing is dropped', async () => {
  await maintain('2040-02-26T12:00:00Z')

  expect((await maintain('2041-01-01T12:00:00Z')).dropped).toEqual([])
  expect(await findPartitions()).toEqual(expect.arrayContaining(FIRST_WEEK))
})

test('an event of a day without partition is kept in the default one, which then has that day', async () => {
  expect(await insertEvent('2040-02-28T12:00:00Z')).toBe('events_default')

  const others = FIRST_WEEK.filter((name) => name !== 'events_2040_02_28')
  expect(await maintain('2040-02-26T12:00:00Z')).toEqual({ created: others, dropped: [] })
  expect(await maintain('2040-02-26T12:00:00Z')).toEqual({ created: [], dropped: [] })
  expect(await insertEvent('2040-02-28T13:00:00Z')).toBe('events_default')
})

test('the default partition is replaced once all its events are too old', async () => {
  await insertEvent('2040-02-26T12:00:00Z')
  await insertEvent('2040-02-28T12:00:00Z')

  // The younger one is still within the retention, to its last day.
  expect((await maintain('2040-03-02T12:00:00Z', 3)).dropped).toEqual([])
  expect((await database.owner.query('SELECT FROM events')).rowCount).toBe(2)

  expect((await maintain('2040-03-03T12:00:00Z', 3)).dropped).toContain('events_default')
  expect((await database.owner.query('SELECT FROM events')).rowCount).toBe(0)
  expect((await maintain('2040-03-03T12:00:00Z', 3)).dropped).toEqual([])
})

describe('deliveries', () => {
  const insertDelivery = (id: string, at: string, columns: Readonly<Record<string, string>> = {}) =>
    insertSample(database.owner, 'deliveries', { delivery_id: id, received_at: at, outcome: 'applied', ...columns })
  const dropOld = (now: string) => dropOldDeliveries(database.owner, new Date(now), 8)
  const findIds = async (table = 'deliveries'): Promise<string[]> =>
    (await database.owner.query<{ id: string }>(`SELECT delivery_id AS id FROM ${table} ORDER BY 1`)).rows.map(
      ({ id }) => id,
    )

  test('that are older than their retention are dropped, by day, and those of the default partition one by one', async () => {
    await insertDelivery('before', '2040-02-20T12:00:00Z')
    await maintain('2040-02-26T12:00:00Z')
    for (const day of ['26', '27', '28']) await insertDelivery(day, `2040-02-${day}T12:00:00Z`)

    expect(await dropOld('2040-03-07T00:00:00Z')).toEqual({
      dropped: ['deliveries_2040_02_26', 'deliveries_2040_02_27'],
      kept: [],
      deleted: 1,
    })
    expect(await findIds()).toEqual(['28'])
    expect(await dropOld('2040-03-07T00:00:00Z')).toEqual({ dropped: [], kept: [], deleted: 0 })
  })

  test.each([
    ['wait for their order', { outcome: 'parked' }, undefined],
    ['wait for their verification', { outcome: 'awaiting_verification' }, undefined],
    ['wait for a person', { outcome: 'review', reason: 'unknown_status' }, { order_id: null }],
  ])('that %s are kept, with their whole day and their ids', async (_what, columns, review) => {
    await insertDelivery('msg_0:0:a', '2040-02-20T12:00:00Z', columns)
    await maintain('2040-02-26T12:00:00Z')
    await insertDelivery('msg_1:0:a', '2040-02-26T12:00:00Z', columns)
    await database.owner.query('INSERT INTO repeatable_delivery_ids SELECT delivery_id, received_at FROM deliveries')
    if (review !== undefined) {
      const id = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`
      await insertSample(database.owner, 'reviews', { review_id: id(1), delivery_id: 'msg_0:0:a', ...review })
      await insertSample(database.owner, 'reviews', { review_id: id(2), delivery_id: 'msg_1:0:a', ...review })
    }
    expect(await dropOld('2041-01-01T00:00:00Z')).toMatchObject({ kept: ['deliveries_2040_02_26'], deleted: 0 })
    expect([await findIds(), await findIds('repeatable_delivery_ids')]).toEqual([
      ['msg_0:0:a', 'msg_1:0:a'],
      ['msg_0:0:a', 'msg_1:0:a'],
    ])

    await database.owner.query(`
      UPDATE deliveries SET outcome = 'applied', reason = NULL, waiting_update = NULL;
      UPDATE reviews SET resolved_at = now(), resolved_by = 'ann', resolved_with = 'key', resolution = 'dismiss', resolution_note = ''`)
    expect(await dropOld('2041-01-01T00:00:00Z')).toEqual({ dropped: ['deliveries_2040_02_26'], kept: [], deleted: 3 })
    expect([await findIds(), await findIds('repeatable_delivery_ids')]).toEqual([[], []])
  })

  test('of the default partition that are decided while others are archived are in the archive before they are deleted', async () => {
    await insertDelivery('decided', '2040-02-20T12:00:00Z')
    await insertDelivery('waits', '2040-02-20T13:00:00Z', { outcome: 'parked' })
    const archived: string[] = []
    const archive = async (partition: string, part?: PartitionPart): Promise<void> => {
      const { rows } = await database.owner.query<{ id: string }>(
        `SELECT delivery_id AS id FROM ${partition} AS delivery WHERE ${part!.where}`,
      )
      archived.push(...rows.map(({ id }) => id))
      await database.owner.query(`UPDATE deliveries SET outcome = 'applied', waiting_update = NULL`)
    }
    expect(await dropOldDeliveries(database.owner, new Date('2040-03-07T00:00:00Z'), 8, archive)).toMatchObject({
      deleted: 2,
    })
    expect(archived.toSorted()).toEqual(['decided', 'waits'])
  })

  test.each(['refund_needs_approval', 'remains_missing'])(
    'that repeat an open review of another delivery (%s) are kept, also when their order is moved',
    async (reason) => {
      await insertSample(database.owner, 'accounts')
      await insertSample(database.owner, 'orders')
      await maintain('2040-02-26T12:00:00Z')
      await insertDelivery('repeats', '2040-02-26T12:00:00Z', { outcome: 'review', reason })
      await insertSample(database.owner, 'reviews', { reason, delivery_id: 'another', order_id: 'A-1' })
      const kept = { kept: ['deliveries_2040_02_26'] }
      expect(await dropOld('2041-01-01T00:00:00Z')).toMatchObject(kept)

      await database.owner.query(`
        INSERT INTO provider_order_changes
        VALUES (gen_random_uuid(), 'A-1', 'godofpanel', '2', 'godofpanel', '12345', 'k', '2040-02-27T00:00:00Z');
        UPDATE orders SET provider_order_id = '2'`)
      expect(await dropOld('2041-01-01T00:00:00Z')).toMatchObject(kept)
    },
  )

  test('are in the archive, where an order is found, before their day is dropped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paxyo-archive-'))
    const store = createFolderStore(folder)
    try {
      await insertSample(database.owner, 'accounts')
      await insertSample(database.owner, 'orders')
      // Before there was a partition of its day.
      await insertDelivery('without a day', '2040-02-20T12:00:00Z')
      await maintain('2040-02-26T12:00:00Z')
      for (const [id, hour] of [
        ['second', '13'],
        ['first', '12'],
      ] as const) {
        await insertDelivery(id, `2040-02-26T${hour}:00:00Z`, { body: `{"order_id":"ü${id}"}` })
      }
      await insertDelivery('other', '2040-02-26T14:00:00Z', { provider_order_id: '99' })
      await insertDelivery('of a former one', '2040-02-26T15:00:00Z', { provider_order_id: '88', body: 'üformer' })
      await database.owner.query(`
        INSERT INTO provider_order_changes
        VALUES (gen_random_uuid(), 'A-1', 'godofpanel', '12345', 'godofpanel', '88', 'k', '2040-02-26T16:00:00Z')`)
      const archive = (name: string, part?: PartitionPart) => archivePartition(database.owner, store, name, part)
      await dropOldDeliveries(database.owner, new Date('2040-03-06T00:00:00Z'), 8, archive)

      expect(await findIds()).toEqual([])
      expect((await readArchivedDeliveries(database.owner, store, 'A-1')).deliveries).toMatchObject([
        { delivery_id: 'without a day', order_id: 'A-1' },
        { delivery_id: 'first', order_id: 'A-1', provider_order_id: '12345', body: '{"order_id":"üfirst"}' },
        { delivery_id: 'second', outcome: 'applied' },
        { delivery_id: 'of a former one', provider_order_id: '88', body: 'üformer' },
      ])
      expect((await readArchivedDeliveries(database.owner, store, '99')).deliveries).toMatchObject([
        { delivery_id: 'other', order_id: null, body: '{}' },
      ])

      // The bodies of a user's deliveries are readable with the key only, which an erasure destroys.
      const file = gunzipSync(await readFile(join(folder, 'deliveries_2040_02_26.ndjson.gz'))).toString()
      expect(file).not.toMatch(/üf/)
      await database.owner.query('UPDATE archive_keys SET user_id = NULL, key = NULL, destroyed_at = now()')
      expect((await readArchivedDeliveries(database.owner, store, 'A-1')).deliveries).toMatchObject([
        { delivery_id: 'without a day', body: null },
        { delivery_id: 'first', order_id: 'A-1', body: null, is_erased: true },
        { delivery_id: 'second', body: null, is_erased: true },
        { delivery_id: 'of a former one', body: null, is_erased: true },
      ])

      await appendFile(join(folder, 'deliveries_2040_02_26.ndjson.gz'), 'x')
      await expect(readArchivedDeliveries(database.owner, store, 'A-1')).rejects.toThrow(
        '2040_02_26.ndjson.gz does not match',
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('a reader of all days holds up neither webhooks nor, in the end, the drop of a day', async () => {
    await maintain('2040-02-26T12:00:00Z')
    const reader = await database.owner.connect()
    let dropped: Promise<unknown>
    try {
      await reader.query('BEGIN; SELECT FROM deliveries')
      dropped = dropOld('2040-03-07T00:00:00Z')
      await eventually(async () => {
        const { rowCount } = await database.owner.query(
          `SELECT FROM pg_locks WHERE relation = 'deliveries'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`,
        )
        return rowCount === 1
      })
      // The reader still holds its lock when this returns.
      await insertDelivery('28', '2040-02-28T12:00:00Z')
    } finally {
      await reader.query('COMMIT')
      reader.release()
    }
    expect(await dropped).toMatchObject({ dropped: ['deliveries_2040_02_26', 'deliveries_2040_02_27'] })
  })
})

test('partitions that were made later are append-only, too', async () => {
  await insertEvent('2040-02-01T12:00:00Z')
  await maintain('2040-02-26T12:00:00Z', 3)
  const partitions = [await insertEvent('2040-02-26T12:00:00Z'), await insertEvent('2030-01-01T12:00:00Z')]

  expect(partitions).toEqual(['events_2040_02_26', 'events_default'])
  for (const partition of partitions) {
    for (const statement of [
      `UPDATE ${partition} SET payload = ''`,
      `DELETE FROM ${partition}`,
      `TRUNCATE ${partition}`,
    ]) {
      await expect(database.owner.query(statement)).rejects.toThrow('append-only')
    }
  }
})

test('those who may touch no table of it see for how many days there are partitions', async () => {
  await stayWithinOneDay()
  const pool = database.poolAs('ingest')
  const days = (): Promise<number> => readPartitionDays(pool)
  expect(await days()).toBe(0)
  await maintainPartitions(database.owner, new Date())
  expect(await days()).toBe(8)
  const partitions = await findPartitions()
  await database.owner.query(`DROP TABLE ${partitions[3]}, ${partitions[7]}`)
  expect(await days()).toBe(3)
  await database.owner.query(`DROP TABLE ${partitions[0]}`)
  expect(await days()).toBe(0)
})
