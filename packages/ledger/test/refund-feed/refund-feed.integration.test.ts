import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { lockAndAppend } from '../../src/feed/append-positions.ts'
import { appendRefunds, REFUND_STATEMENTS } from '../../src/refund-feed/append-refunds.ts'
import type { FeedCursor } from '../../src/feed/feed-cursor.ts'
import { readRefundFeed } from '../../src/refund-feed/read-refund-feed.ts'
import type { Refund } from '../../src/refund-feed/refund.ts'

const USERS = 8

let database: TestDatabase
let pool: Pool
beforeEach(async () => {
  database = await createTestDatabase()
  pool = database.poolAs('ingest', 16)
  await database.owner.query(`
    INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(0, ${USERS - 1}) AS n;
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
    SELECT 'A-' || n, 'godofpanel', n::text, 'user-' || n, 's', 'l', 1, 1000000 FROM generate_series(0, ${USERS - 1}) AS n`)
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const PAY = `
  INSERT INTO ledger_entries
    (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, created_at)
  SELECT id, 'user-' || $2, 'refund', 'A-' || $2, 1, 1, $3 + n - 1, $3 + n, clock_timestamp()
  FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, n)`

/** The amount refunded to each user so far; the holder of the account's lock continues from it. */
const paidByUser = new Map<number, number>()
beforeEach(() => paidByUser.clear())

/** Ids in random order, like those of processes with different clocks. */
const randomId = (): string => crypto.randomUUID()

/** Pays a user in a transaction that commits when it may, or never. */
async function pay(user: number, ids: readonly string[], mayCommit: Promise<'COMMIT' | 'ROLLBACK'>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT FROM accounts WHERE user_id = $1 FOR NO KEY UPDATE', [`user-${user}`])
    const before = paidByUser.get(user) ?? 0
    await client.query(PAY, [ids, user, before])
    const end = await mayCommit
    if (end === 'COMMIT') paidByUser.set(user, before + ids.length)
    await client.query(end)
  } finally {
    client.release()
  }
}

/** Follows the feed by its cursor until the signal to stop, and once more after that. */
async function follow(limit: number, until: { stopped: boolean }, pauseMs: number): Promise<Refund[]> {
  const seen: Refund[] = []
  let after: FeedCursor | undefined
  for (;;) {
    const isLast = until.stopped
    const page = await readRefundFeed(pool, after, limit)
    if (typeof page === 'string') throw new Error(page)
    seen.push(...page.refunds)
    after = page.cursor
    if (isLast && !page.hasMore) return seen
    if (!page.hasMore) await sleep(pauseMs)
  }
}

test('readers see every refund exactly once while writers race and commit late, in any order', async () => {
  const committed: string[] = []
  const until = { stopped: false }
  const readers = [1, 3, 7, 500].map((limit) => follow(limit, until, randomInt(1, 15)))
  const writers = Array.from({ length: 10 }, async () => {
    for (let round = 0; round < 25; round += 1) {
      const ids = Array.from({ length: randomInt(1, 6) }, randomId)
      const end = randomInt(8) === 0 ? 'ROLLBACK' : 'COMMIT'
      await pay(randomInt(USERS), ids, sleep(randomInt(40), end))
      if (end === 'COMMIT') committed.push(...ids)
    }
  })
  await Promise.all(writers)
  until.stopped = true

  for (const seen of await Promise.all(readers)) {
    expect(seen.map(({ refundId }) => refundId).toSorted()).toEqual(committed.toSorted())
    expect(seen.map(({ position }) => position)).toEqual(committed.map((_, index) => index + 1))
    // A user's refunds are in the order in which they were paid: each goes on where the one before ended.
    for (const [user, paid] of paidByUser) {
      const totals = seen.filter(({ userId }) => userId === `user-${user}`).map(({ orderRefunded }) => orderRefunded)
      expect(totals).toEqual(Array.from({ length: paid }, (_, index) => `${index + 1}`))
    }
  }
})

test('a transaction that began first and commits last comes last; one that still runs holds nobody up', async () => {
  const late = Promise.withResolvers<'COMMIT'>()
  const first = randomId()
  const paying = pay(0, [first], late.promise)
  await eventually(async () => (await countSessions(`state = 'idle in transaction'`)) === 1)
  const second = randomId()
  await pay(1, [second], Promise.resolve('COMMIT'))
  const page = await readRefundFeed(pool, undefined, 10)
  late.resolve('COMMIT')
  await paying
  if (typeof page === 'string') throw new Error(page)
  const next = await readRefundFeed(pool, page.cursor, 10)

  expect(page.refunds.map(({ refundId }) => refundId)).toEqual([second])
  expect(next).toMatchObject({ refunds: [{ refundId: first, position: 2 }], hasMore: false })
})

test('appenders take turns: a place that one has given is not given again by another that saw more', async () => {
  const late = Promise.withResolvers<'COMMIT'>()
  const [first, second] = [randomId(), randomId()]
  const paying = pay(0, [first], late.promise)
  await eventually(async () => (await countSessions(`state = 'idle in transaction'`)) === 1)
  await pay(1, [second], Promise.resolve('COMMIT'))

  const appender = await pool.connect()
  await appender.query('BEGIN')
  expect(await lockAndAppend(appender, REFUND_STATEMENTS)).toBe(1)
  late.resolve('COMMIT')
  await paying
  const other = appendRefunds(pool)
  await eventually(async () => (await countSessions(`wait_event_type = 'Lock'`)) === 1)
  await appender.query('COMMIT')
  appender.release()
  expect(await other).toBe(1)

  const { rows } = await database.owner.query('SELECT entry_ids[1] AS id FROM refund_feed ORDER BY last_position')
  expect(rows).toEqual([{ id: second }, { id: first }])
})

async function countSessions(condition: string): Promise<number> {
  const { rows } = await database.owner.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`,
  )
  return rows[0]!.count
}

describe('a cursor', () => {
  test('is void once the database was restored, and ahead of a database that does not have its position', async () => {
    await pay(0, [randomId()], Promise.resolve('COMMIT'))
    const page = await readRefundFeed(pool, undefined, 10)
    if (typeof page === 'string') throw new Error(page)
    const { cursor } = page

    expect(await readRefundFeed(pool, { ...cursor, position: 2 }, 10)).toBe('cursor_ahead')
    await database.owner.query(`UPDATE stream_epoch SET epoch = replace(gen_random_uuid()::text, '-', '')`)
    expect(await readRefundFeed(pool, cursor, 10)).toBe('cursor_void')
    expect(await readRefundFeed(pool, undefined, 10)).toMatchObject({ refunds: [{ position: 1 }] })
  })

  test('is given to a reader of an empty feed, too', async () => {
    expect(await readRefundFeed(pool, undefined, 10)).toMatchObject({
      refunds: [],
      cursor: { position: 0 },
      hasMore: false,
    })
  })
})
