import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { maintainPartitions } from '@paxyo/database'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'pg'
import { appendChanges } from '../../src/change-feed/append-changes.ts'
import type { Change } from '../../src/change-feed/change.ts'
import {
  readChangeFeedEnd,
  readChangeFeedHead,
  readChanges,
  type ChangePage,
} from '../../src/change-feed/read-changes.ts'
import type { FeedCursor } from '../../src/feed/feed-cursor.ts'
import { poolInTurns } from '../pool-in-turns.ts'

const USERS = 6

let database: TestDatabase
let pool: Pool
let start: FeedCursor
beforeEach(async () => {
  database = await createTestDatabase()
  pool = database.poolAs('ingest', 16)
  await database.owner.query(`
    INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(0, ${USERS - 1}) AS n;
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
    SELECT 'A-' || n, 'godofpanel', n::text, 'user-' || n, 's', 'l', 1, 1000000 FROM generate_series(0, ${USERS - 1}) AS n`)
  start = await readChangeFeedEnd(pool)
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

/** Appends an account.updated event for each of the users, as one commit or none. */
async function change(users: readonly number[], mayCommit: Promise<'COMMIT' | 'ROLLBACK'>): Promise<void> {
  const client = await pool.connect()
  const userIds = users.map((user) => `user-${user}`).toSorted()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query<{ seq: number }>(
      `WITH locked AS (
         SELECT user_id FROM accounts WHERE user_id = ANY($1) ORDER BY user_id FOR NO KEY UPDATE
       )
       UPDATE accounts SET last_seq = last_seq + 1 FROM locked WHERE accounts.user_id = locked.user_id
       RETURNING accounts.user_id, last_seq AS seq`,
      [userIds],
    )
    const events = rows as unknown as { user_id: string; seq: number }[]
    await client.query(
      `WITH changes AS (
         INSERT INTO change_feed (user_ids, seqs, previous_statuses, created_at) VALUES ($1, $2, $3, $5)
       )
       INSERT INTO events SELECT user_id, seq, $5, payload
       FROM unnest($1::text[], $2::bigint[], $4::text[]) AS event (user_id, seq, payload)`,
      [
        events.map((event) => event.user_id),
        events.map((event) => event.seq),
        events.map(() => null),
        events.map(({ seq }) =>
          JSON.stringify({ type: 'event', seq, event: 'account.updated', at: '2026-11-22T18:00:00.000Z', account: {} }),
        ),
        new Date(),
      ],
    )
    await client.query(await mayCommit)
  } finally {
    client.release()
  }
}

const readPage = async (after: FeedCursor, limit: number): Promise<ChangePage> => {
  await appendChanges(pool)
  const page = await readChanges(pool, after, limit)
  if (typeof page === 'string') throw new Error(page)
  return page
}

/** Follows the feed by its cursor until the signal to stop, and once more after that. */
async function follow(limit: number, until: { stopped: boolean }, pauseMs: number): Promise<Change[]> {
  const seen: Change[] = []
  for (let after = start; ;) {
    const isLast = until.stopped
    const page = await readPage(after, limit)
    seen.push(...page.changes)
    after = page.cursor
    if (isLast && !page.hasMore) return seen
    if (!page.hasMore) await sleep(pauseMs)
  }
}

test('readers see every change exactly once while writers race and commit late, in any order', async () => {
  const until = { stopped: false }
  const readers = [1, 3, 500].map((limit) => follow(limit, until, randomInt(1, 15)))
  const writers = Array.from({ length: 8 }, async () => {
    for (let round = 0; round < 25; round += 1) {
      const users = [...new Set(Array.from({ length: randomInt(1, 4) }, () => randomInt(USERS)))]
      await change(users, sleep(randomInt(30), randomInt(8) === 0 ? 'ROLLBACK' : 'COMMIT'))
    }
  })
  await Promise.all(writers)
  until.stopped = true

  const { rows } = await database.owner.query<{ user_id: string; last_seq: string }>(
    'SELECT user_id, last_seq FROM accounts',
  )
  const committed = rows.reduce((sum, row) => sum + Number(row.last_seq), 0)
  for (const seen of await Promise.all(readers)) {
    expect(seen.map(({ position }) => position)).toEqual(Array.from({ length: committed }, (_, index) => index + 1))
    for (const { user_id: userId, last_seq: lastSeq } of rows) {
      const seqs = seen.filter((one) => one.userId === userId).map((one) => one.seq)
      expect(seqs).toEqual(Array.from({ length: Number(lastSeq) }, (_, index) => index + 1))
    }
  }
})

test('a transaction that began first and commits last comes last, and does not hold up the others', async () => {
  const late = Promise.withResolvers<'COMMIT'>()
  const changing = change([0], late.promise)
  await eventually(async () => (await countSessions(`state = 'idle in transaction'`)) === 1)
  await change([1, 2], Promise.resolve('COMMIT'))
  const page = await readPage(start, 10)
  late.resolve('COMMIT')
  await changing

  expect(page.changes.map(({ userId, position }) => [userId, position])).toEqual([
    ['user-1', 1],
    ['user-2', 2],
  ])
  expect(await readPage(page.cursor, 10)).toMatchObject({
    changes: [{ userId: 'user-0', position: 3 }],
    hasMore: false,
  })
})

async function countSessions(condition: string): Promise<number> {
  const { rows } = await database.owner.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`,
  )
  return rows[0]!.count
}

describe('a cursor', () => {
  test('is void once the database was restored', async () => {
    await change([0], Promise.resolve('COMMIT'))
    const { cursor } = await readPage(start, 10)

    await database.owner.query(`UPDATE stream_epoch SET epoch = replace(gen_random_uuid()::text, '-', '')`)
    expect(await readChanges(pool, cursor, 10)).toBe('cursor_void')
  })

  test('goes on where it is after a failover: a former primary has nothing for it, and no part of a page', async () => {
    await change([0], Promise.resolve('COMMIT'))
    const { cursor: first } = await readPage(start, 10)
    await using former = await createTestDatabase(database)
    await change([1], Promise.resolve('COMMIT'))
    const page = await readPage(first, 10)
    const servers = poolInTurns([pool, former.poolAs('ingest')])

    expect(page).toMatchObject({ changes: [{ userId: 'user-1', position: 2 }] })
    expect(await readChanges(servers, first, 10)).toEqual(page)
    expect(await readChanges(servers, first, 10)).toEqual({ changes: [], cursor: first, hasMore: false })
    expect(await readChanges(servers, page.cursor, 10)).toEqual({ changes: [], cursor: page.cursor, hasMore: false })
    expect(await readChanges(servers, page.cursor, 10)).toBe('cursor_ahead')
  })

  test('expires with the events after it, and the feed goes on where it was', async () => {
    for (let round = 0; round < 3; round += 1) await change([0, 1], Promise.resolve('COMMIT'))
    const { cursor } = await readPage(start, 3)
    const inAWeek = new Date(Date.now() + 7 * 86_400_000)
    await maintainPartitions(database.owner, inAWeek, { events: 3 })

    expect(await readChanges(pool, start, 10)).toBe('cursor_expired')
    expect(await readChanges(pool, cursor, 10)).toBe('cursor_expired')
    const end = await readChangeFeedEnd(pool)
    expect(end.position).toBe(6)
    await change([2], Promise.resolve('COMMIT'))
    expect(await readPage(end, 10)).toMatchObject({ changes: [{ userId: 'user-2', position: 7 }] })
  })

  test('finds no gap after a retention that ends between changes that were committed the other way round', async () => {
    for (const user of [0, 1, 2, 3]) await change([user], Promise.resolve('COMMIT'))
    await appendChanges(pool)
    const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000
    for (const [position, ms] of [-2, 1, -1, 2].entries()) {
      await database.owner.query('UPDATE change_feed SET created_at = $2 WHERE last_position = $1', [
        position + 1,
        new Date(midnight + ms),
      ])
    }
    await maintainPartitions(database.owner, new Date(), { events: 0 })

    const { rows } = await pool.query<{ last_position: number }>('SELECT last_position FROM change_feed ORDER BY 1')
    expect(rows.map((row) => row.last_position)).toEqual([2, 3, 4])
    expect((await readChangeFeedHead(pool)).deletedPosition).toBe(1)
  })

  test('does not expire with what came before it', async () => {
    await change([0], Promise.resolve('COMMIT'))
    const { cursor } = await readPage(start, 10)
    await maintainPartitions(database.owner, new Date(Date.now() + 7 * 86_400_000), { events: 3 })
    expect(await readChanges(pool, cursor, 10)).toEqual({ changes: [], cursor, hasMore: false })
  })
})
