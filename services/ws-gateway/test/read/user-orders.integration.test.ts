import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { OrderView } from '@paxyo/contracts'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { parseOrderCursor } from '../../src/read/order-json.ts'
import { createStreamReader } from '../../src/read/stream-reader.ts'
import { readFromPrimary } from '../../src/read/read-database.ts'
import { createOrderReader, PAGE_BYTES_MAX, type OrderReader } from '../../src/read/user-orders.ts'
import { createTestIngest, type TestIngest } from '../test-ingest.ts'

let database: TestDatabase
let ingest: TestIngest
let reader: OrderReader
beforeAll(async () => {
  database = await createTestDatabase()
  ingest = createTestIngest(database)
  reader = createOrderReader(readFromPrimary(database.poolAs('gateway')))
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const page = async (userId: string, before: string | undefined, limit: number) => {
  const after = before === undefined ? undefined : parseOrderCursor(before)!
  const { orders, ...rest } = await reader.read({ userId, after, limit })
  return { ...rest, ids: orders.map(({ orderId }) => orderId) }
}

const idsOfSnapshot = (orders: string): string[] => (JSON.parse(orders) as OrderView[]).map(({ orderId }) => orderId)

async function allPages(userId: string, before: string | undefined, limit: number): Promise<string[][]> {
  const pages: string[][] = []
  for (let cursor = before; ;) {
    const { ids, older } = await page(userId, cursor, limit)
    pages.push(ids)
    if (older === undefined) return pages
    cursor = older
  }
}

describe('older orders', () => {
  test('are read page by page, newest first, each once, also when many are of the same time', async () => {
    await ingest.openAccount('ann', { lastSeq: 4 })
    for (const id of ['b', 'a', 'd', 'c']) {
      await ingest.insertOrder('ann', { orderId: `same-${id}`, createdAt: '2024-01-02T00:00:00.000123Z' })
    }
    await ingest.insertOrder('ann', { orderId: 'old', createdAt: '2023-01-01T00:00:00Z' })
    await ingest.insertOrder('ann', { orderId: 'new', createdAt: '2025-01-01T00:00:00Z' })

    expect(await allPages('ann', undefined, 2)).toEqual([
      ['new', 'same-a'],
      ['same-b', 'same-c'],
      ['same-d', 'old'],
    ])
    expect(await page('ann', undefined, 6)).toMatchObject({ seq: 4, ids: expect.any(Array) })
    expect(await page('ann', undefined, 6)).not.toHaveProperty('older')
  })

  test('continue where the snapshot ends, and nothing is missing between', async () => {
    await ingest.openAccount('bea')
    for (let day = 10; day < 20; day += 1) {
      const status = day % 3 === 0 ? 'pending' : 'completed'
      await ingest.insertOrder('bea', { orderId: `${day}`, status, createdAt: `2024-01-${day}T00:00:00Z` })
    }
    for (const snapshotOrdersMax of [1, 3, 5, 9]) {
      const snapshots = createStreamReader({ pool: database.poolAs('gateway'), snapshotOrdersMax })
      const start = await snapshots.start('bea', undefined)
      if (start.mode !== 'snapshot') throw new Error('no snapshot')
      const shown = new Set(idsOfSnapshot(start.orders))
      for (const id of (await allPages('bea', start.older, 4)).flat()) shown.add(id)
      expect([snapshotOrdersMax, shown.size]).toEqual([snapshotOrdersMax, 10])
    }
    const whole = await createStreamReader({ pool: database.poolAs('gateway') }).start('bea', undefined)
    expect(whole).toMatchObject({ older: undefined })
  })

  test('continue where the bytes of a snapshot, or of a page, end', async () => {
    await ingest.openAccount('eve')
    for (let day = 10; day < 30; day += 1) {
      const status = day % 3 === 0 ? 'pending' : 'completed'
      await ingest.insertOrder('eve', { orderId: `e-${day}`, status, createdAt: `2024-01-${day}T00:00:00Z` })
    }
    // A single order is not larger than that: three or four fit.
    const link = 'ü'.repeat(PAGE_BYTES_MAX / 8)
    await database.owner.query(`UPDATE orders SET link = $1 WHERE user_id = 'eve'`, [link])
    for (const welcomeBytesMax of [3 * PAGE_BYTES_MAX, PAGE_BYTES_MAX, 0]) {
      const snapshots = createStreamReader({ pool: database.poolAs('gateway'), welcomeBytesMax })
      const start = await snapshots.start('eve', undefined)
      if (start.mode !== 'snapshot') throw new Error('no snapshot')
      expect(Buffer.byteLength(start.orders)).toBeLessThanOrEqual(welcomeBytesMax + 20)
      const pages = await allPages('eve', start.older, 10)
      for (const ids of pages) expect(ids.length).toBeLessThanOrEqual(3)
      const shown = new Set([...idsOfSnapshot(start.orders), ...pages.flat()])
      expect([welcomeBytesMax, shown.size, start.totals?.orders]).toEqual([
        welcomeBytesMax,
        20,
        { pending: 6, completed: 14 },
      ])
    }
  })

  test('of a user without an account are none', async () => {
    expect(await page('no-account', undefined, 2)).toMatchObject({ seq: 0, ids: [] })
  })
})

test('orders are found by their ids: the own ones only, whatever else is asked for at the same time', async () => {
  await ingest.openAccount('cy', { lastSeq: 2 })
  await ingest.openAccount('dee')
  for (const id of ['cy-1', 'cy-2']) await ingest.insertOrder('cy', { orderId: id })
  await ingest.insertOrder('dee', { orderId: 'dee-1' })
  const ids = ['cy-1', 'dee-1', 'unknown', 'cy-2', 'cy-1', '', "'); DROP TABLE orders; --"]
  const [ofCy, ofDee, pageOfDee, pageOfCy] = await Promise.all([
    reader.read({ userId: 'cy', ids }),
    reader.read({ userId: 'dee', ids }),
    reader.read({ userId: 'dee', after: undefined, limit: 5 }),
    reader.read({ userId: 'cy', after: undefined, limit: 1 }),
  ])
  const idsOf = ({ orders }: typeof ofCy): string[] => orders.map(({ orderId }) => orderId).toSorted()

  expect([ofCy.seq, idsOf(ofCy)]).toEqual([2, ['cy-1', 'cy-2']])
  expect([ofDee.seq, idsOf(ofDee)]).toEqual([0, ['dee-1']])
  expect(idsOf(pageOfDee)).toEqual(['dee-1'])
  expect(idsOf(pageOfCy)).toHaveLength(1)
})

test.each(['', '~', 'x~A-1', '-1~A-1', '99999999999999999~A-1', '9999999999999999~A-1', '1~A\0', '1'])(
  'is not a cursor: %j',
  (cursor) => expect(parseOrderCursor(cursor)).toBeUndefined(),
)
