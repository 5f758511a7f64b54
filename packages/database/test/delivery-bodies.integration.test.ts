import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'pg'
import { createFolderStore } from '../src/archive/folder-store.ts'
import { readArchivedDeliveries } from '../src/archive/read-archive.ts'
import { archivePartition, type PartitionPart } from '../src/archive/write-archive.ts'
import { removeOldBodies } from '../src/delivery-bodies.ts'
import { dropOldDeliveries } from '../src/delivery-retention.ts'
import { maintainPartitions } from '../src/partitions.ts'
import { insertSample } from './sample-rows.ts'

const DAY = 'deliveries_2040_02_26'
const NOW = new Date('2040-03-07T12:00:00Z')
const RETENTION_DAYS = 8
/** More than a step has. */
const MANY = 6_000

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  // Those that migrating made for the days of this run.
  await database.owner.query(`DO $$ BEGIN
    EXECUTE (SELECT 'DROP TABLE ' || string_agg(inhrelid::regclass::text, ', ') FROM pg_inherits
      WHERE inhparent = 'deliveries'::regclass AND inhrelid <> 'deliveries_default'::regclass);
  END $$`)
  await maintainPartitions(database.owner, new Date('2040-02-26T12:00:00Z'))
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const insertDelivery = (id: string, columns: Readonly<Record<string, unknown>> = {}) =>
  insertSample(database.owner, 'deliveries', {
    delivery_id: id,
    received_at: '2040-02-26T12:00:00Z',
    outcome: 'applied',
    body: `sent by ${id}`,
    ...columns,
  })

/** Decided ones, and every hundredth waits for its order. */
const insertMany = () =>
  database.owner.query(
    `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
     SELECT n, 'godofpanel', n, 'sent ' || n, CASE n % 100 WHEN 0 THEN 'parked' ELSE 'unchanged' END,
       '2040-02-26T00:00:00Z'::timestamptz + n / 7 * interval '1 second'
     FROM generate_series(1, $1) AS n`,
    [MANY],
  )

type BeforeRemoval = (partition: string, part: PartitionPart) => Promise<unknown>
const remove = (beforeRemoval?: BeforeRemoval, pool: Pool = database.owner) =>
  removeOldBodies(pool, NOW, RETENTION_DAYS, beforeRemoval)

async function bodiesById(): Promise<Record<string, string | null>> {
  const { rows } = await database.owner.query<{ id: string; body: string | null }>(
    'SELECT delivery_id AS id, body FROM deliveries ORDER BY 1',
  )
  return Object.fromEntries(rows.map(({ id, body }) => [id, body]))
}

/** What the table says of all deliveries without their bodies, as one value. */
async function digestOfRows(): Promise<string> {
  const { rows } = await database.owner.query<{ digest: string }>(
    `SELECT md5(string_agg((to_jsonb(deliveries) - 'body')::text, ',' ORDER BY received_at, delivery_id)) AS digest FROM deliveries`,
  )
  return rows[0]!.digest
}

async function countBodies(): Promise<Record<string, number>> {
  const { rows } = await database.owner.query<Record<string, number>>(
    `SELECT count(*)::int AS rows, count(body)::int AS bodies,
       count(*) FILTER (WHERE body IS NOT NULL AND outcome = 'parked')::int AS parked,
       (SELECT count(*)::int FROM changed_deliveries) AS changes FROM deliveries`,
  )
  return rows[0]!
}

describe('the body of a delivery', () => {
  test('is removed when it is older than its retention, and the rest of the delivery stays', async () => {
    await insertDelivery('old')
    await insertDelivery('young', { received_at: '2040-02-28T12:00:00Z' })
    await insertDelivery('of the default partition', { received_at: '2040-02-20T12:00:00Z' })
    const before = await digestOfRows()

    expect(await remove()).toEqual({ days: [DAY, 'deliveries_2040_02_27'], single: 1 })
    expect(await bodiesById()).toEqual({ old: null, young: 'sent by young', 'of the default partition': null })
    expect(await digestOfRows()).toBe(before)
    expect(await remove()).toEqual({ days: [], single: 0 })
  })

  test('stays as long as the delivery when there is no retention', async () => {
    await insertDelivery('old')
    expect(await removeOldBodies(database.owner, NOW, 0)).toEqual({ days: [], single: 0 })
    expect(await bodiesById()).toEqual({ old: 'sent by old' })
  })

  test('stays while a decision needs it, and is removed after that', async () => {
    await insertSample(database.owner, 'accounts')
    await insertSample(database.owner, 'orders')
    await insertDelivery('parked', { outcome: 'parked' })
    await insertDelivery('verified', { outcome: 'awaiting_verification' })
    await insertDelivery('approved', { outcome: 'review', reason: 'needs_approval', waiting_update: '{}' })
    await insertDelivery('verified again', { outcome: 'superseded', waiting_update: '{}' })
    await insertDelivery('in review', { outcome: 'review', reason: 'unknown_status' })
    await insertDelivery('in the same review', { outcome: 'review', reason: 'unknown_status' })
    await insertDelivery('decided', { outcome: 'review', reason: 'remains_missing' })
    await insertSample(database.owner, 'reviews', { delivery_id: 'in review', reason: 'unknown_status' })
    await remove()
    expect(Object.entries(await bodiesById()).filter(([, body]) => body === null)).toEqual([['decided', null]])
    expect(await remove()).toEqual({ days: [], single: 0 })

    await database.owner.query(`
      UPDATE deliveries SET outcome = 'applied', reason = NULL, waiting_update = NULL;
      UPDATE reviews SET resolved_at = now(), resolved_by = 'ann', resolved_with = 'key', resolution = 'dismiss', resolution_note = ''`)
    expect(await remove()).toEqual({ days: [], single: 6 })
    expect(Object.values(await bodiesById())).toEqual(Array(7).fill(null))
  })

  test('is in the archive, also after its delivery was dropped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'paxyo-archive-'))
    const store = createFolderStore(folder)
    try {
      await insertSample(database.owner, 'accounts')
      await insertSample(database.owner, 'orders')
      await insertDelivery('early')
      await insertDelivery('late', { outcome: 'parked' })
      await insertDelivery('of the default partition', { received_at: '2040-02-20T12:00:00Z' })
      const archive = (name: string, part?: PartitionPart) => archivePartition(database.owner, store, name, part)
      await remove(archive)
      await database.owner.query(`UPDATE deliveries SET outcome = 'unchanged'`)
      await remove(archive)
      expect(new Set(Object.values(await bodiesById()))).toEqual(new Set([null]))
      const found = [
        { delivery_id: 'of the default partition', body: 'sent by of the default partition' },
        { delivery_id: 'early', body: 'sent by early' },
        { delivery_id: 'late', body: 'sent by late' },
      ]
      expect((await readArchivedDeliveries(database.owner, store, 'A-1')).deliveries).toMatchObject(found)

      await dropOldDeliveries(database.owner, NOW, RETENTION_DAYS, archive)
      expect(await bodiesById()).toEqual({})
      expect((await readArchivedDeliveries(database.owner, store, 'A-1')).deliveries).toMatchObject(found)

      await database.owner.query('UPDATE archive_keys SET user_id = NULL, key = NULL, destroyed_at = now()')
      expect((await readArchivedDeliveries(database.owner, store, 'A-1')).deliveries).toMatchObject(
        found.map(({ delivery_id }) => ({ delivery_id, body: null, is_erased: true })),
      )
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

test('a new partition has the indexes and constraints of the others', async () => {
  await insertDelivery('old')
  const describePartition = async (name: string) => {
    const { rows } = await database.owner.query<{ definition: string }>(
      `SELECT regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+ ON \\S+', 'INDEX ON') AS definition FROM pg_index
       WHERE indrelid = to_regclass($1) AND indexrelid <> coalesce(to_regclass($1 || '_bodies'), 0)
       UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = to_regclass($1) ORDER BY 1`,
      [name],
    )
    return rows
  }
  const before = await describePartition(DAY)
  await remove()
  expect(await describePartition(DAY)).toEqual(before)
  const { rows } = await database.owner.query(
    `SELECT FROM pg_class WHERE relname ~ '^deliveries_.*_copy$' UNION ALL SELECT FROM pg_trigger WHERE tgname = 'note_change'`,
  )
  expect(rows).toEqual([])
})

test('what happens to deliveries while their day is copied is not lost', async () => {
  await insertMany()
  const ingest = database.poolAs('ingest')
  const archived: string[] = []
  await remove(async (partition, part) => {
    if (partition === DAY && !archived.includes('1')) {
      // The copy is complete, and the old partition is still in place.
      await ingest.query(`UPDATE deliveries SET outcome = 'applied' WHERE delivery_id = '100'`)
      await database.owner.query(`UPDATE deliveries SET body = NULL WHERE delivery_id = '200'`)
      await insertDelivery('by a wrong clock')
    }
    const { rows } = await database.owner.query<{ id: string }>(
      `SELECT delivery_id AS id FROM ${partition} AS delivery WHERE ${part.where}`,
    )
    archived.push(...rows.map(({ id }) => id))
  })
  const bodies = await bodiesById()
  expect(bodies).toMatchObject({ 1: null, 300: 'sent 300', 200: null })
  // Those that changed after the choice were removed one by one.
  expect(archived).toEqual(expect.arrayContaining(['1', '100', 'by a wrong clock']))
  expect([bodies['100'], bodies['by a wrong clock']]).toEqual([null, null])
  expect(new Set(archived).size).toBe(archived.length)
  expect(await countBodies()).toEqual({ rows: MANY + 1, bodies: 58, parked: 58, changes: 0 })
})

test('webhooks that are committed meanwhile wait for nothing, and none is lost', async () => {
  await insertMany()
  const ingest = database.poolAs('ingest')
  const removed = new AbortController()
  let sent = 0
  const webhooks = (async () => {
    for (; !removed.signal.aborted || sent < 20; sent += 1) {
      const id = `new ${sent}`
      await ingest.query(
        `INSERT INTO deliveries (delivery_id, provider, body, outcome, received_at) VALUES ($1, 'godofpanel', '{}', 'applied', $2)`,
        [id, '2040-02-28T12:00:00Z'],
      )
      // Its order was registered.
      await ingest.query(`UPDATE deliveries SET outcome = 'applied' WHERE delivery_id = $1 AND outcome = 'parked'`, [
        String(((sent % (MANY / 100)) + 1) * 100),
      ])
    }
  })()
  await remove()
  removed.abort()
  await webhooks
  const settled = Math.min(sent, MANY / 100)
  const { rows } = await database.owner.query(
    `SELECT count(*)::int AS rows, count(*) FILTER (WHERE outcome = 'parked')::int AS parked,
       count(*) FILTER (WHERE outcome = 'applied')::int AS applied FROM deliveries`,
  )
  expect(rows).toEqual([{ rows: MANY + sent, parked: MANY / 100 - settled, applied: sent + settled }])
})

test('a reader of all days holds up no webhook while the new partition waits to take its place', async () => {
  await insertDelivery('old')
  const reader = await database.owner.connect()
  let removed: Promise<unknown>
  try {
    await reader.query('BEGIN; SELECT FROM deliveries')
    removed = remove()
    await eventually(async () => {
      const { rowCount } = await database.owner.query(
        `SELECT FROM pg_locks WHERE relation = 'deliveries'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`,
      )
      return rowCount === 1
    })
    // The reader still holds its lock when this returns.
    await insertDelivery('28', { received_at: '2040-02-28T12:00:00Z' })
  } finally {
    await reader.query('COMMIT')
    reader.release()
  }
  expect(await removed).toMatchObject({ days: [DAY, 'deliveries_2040_02_27'] })
})

test('a process that was killed before any of its statements is continued by the next one', async () => {
  await insertMany()
  const before = await digestOfRows()
  let statements = 0
  for (let isDone = false; !isDone; statements += 1) {
    isDone = await remove(undefined, dyingPool(statements)).then(
      () => true,
      () => false,
    )
    expect(await digestOfRows()).toBe(before)
  }
  expect(statements).toBeGreaterThan(10)
  expect(await countBodies()).toEqual({ rows: MANY, bodies: 60, parked: 60, changes: 0 })
})

/** A pool whose process dies after a number of statements. */
function dyingPool(statementsMax: number): Pool {
  let statements = 0
  const die = (): void => {
    statements += 1
    if (statements > statementsMax) throw new Error('killed')
  }
  return new Proxy(database.owner, {
    get(pool, name) {
      if (name === 'query') {
        return async (...parameters: Parameters<Pool['query']>) => {
          die()
          return pool.query(...parameters)
        }
      }
      return Reflect.get(pool, name) as unknown
    },
  })
}
