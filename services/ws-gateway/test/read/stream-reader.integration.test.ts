import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { orderViewSchema, type OrderView, type Position } from '@paxyo/contracts'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import type { Pool } from 'pg'
import {
  createStreamReader,
  EVENTS_MAX,
  WELCOME_BYTES_MAX,
  type StreamReader,
  type StreamStart,
} from '../../src/read/stream-reader.ts'
import { createTestIngest, type TestIngest } from '../test-ingest.ts'

let database: TestDatabase
let ingest: TestIngest
let pool: Pool
let reader: StreamReader
let epoch: string
beforeAll(async () => {
  database = await createTestDatabase()
  ingest = createTestIngest(database)
  pool = database.poolAs('gateway')
  reader = createStreamReader({ pool, snapshotOrdersMax: 3 })
  epoch = (await reader.start('without-account', undefined)).epoch
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const snapshotOf = async (userId: string) => {
  const start = await reader.start(userId, undefined)
  if (start.mode !== 'snapshot') throw new Error('no snapshot')
  // An HTTP stream has a line for each message.
  expect(start.orders).not.toContain('\n')
  return { ...start, orders: JSON.parse(start.orders) as OrderView[] }
}

describe('a snapshot', () => {
  test('of a user without an account is empty, at seq 0', async () => {
    expect(await snapshotOf('without-account')).toEqual({
      mode: 'snapshot',
      epoch,
      seq: 0,
      account: undefined,
      orders: [],
      totals: undefined,
    })
  })

  test('holds the account and the orders as the wire shows them', async () => {
    await ingest.openAccount('user-1', { balance: '10.250', lastSeq: 7 })
    await ingest.insertOrder('user-1', {
      orderId: 'A-1',
      status: 'partial',
      charge: '2.50',
      refunded: '1',
      remains: 400,
    })
    const { orders, ...head } = await snapshotOf('user-1')

    expect(head).toEqual({
      mode: 'snapshot',
      epoch,
      seq: 7,
      account: { balance: '10.25', currency: 'USD', mode: 'kept' },
      totals: { refunded: '1', orders: { partial: 1 } },
    })
    expect(orders).toEqual([
      {
        orderId: 'A-1',
        providerOrderId: 'A-1',
        service: 'Instagram followers',
        link: 'https://instagram.com/somebody',
        quantity: 1000,
        charge: '2.5',
        currency: 'USD',
        status: 'partial',
        remains: 400,
        startCount: 120,
        refunded: '1',
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ])
    expect(orderViewSchema.parse(orders[0])).toEqual(orders[0])
  })

  test('has the totals that the ledger keeps, and counts them when it does not', async () => {
    await ingest.openAccount('counted', { lastSeq: 3 })
    for (let index = 1; index <= 5; index += 1) {
      await ingest.insertOrder('counted', { orderId: `T-${index}`, status: 'canceled', refunded: '0.5' })
    }
    expect((await snapshotOf('counted')).totals).toEqual({ refunded: '2.5', orders: { canceled: 5 } })

    await database.owner.query(
      `UPDATE accounts SET refunded = 7.10, order_counts = '{"failed": 9}', totals_seq = 3 WHERE user_id = 'counted'`,
    )
    expect((await snapshotOf('counted')).totals).toEqual({ refunded: '7.1', orders: { failed: 9 } })
    // A service of an earlier version moves the seq on without the totals.
    await ingest.commit('counted')
    expect((await snapshotOf('counted')).totals).toEqual({ refunded: '2.5', orders: { canceled: 5 } })
  })

  test('has an empty id for an order that is not placed with a provider yet', async () => {
    await ingest.openAccount('waiting')
    await ingest.insertOrder('waiting', { orderId: 'W-1' })
    await database.owner.query(`UPDATE orders SET provider = NULL, provider_order_id = NULL WHERE order_id = 'W-1'`)
    const { orders } = await snapshotOf('waiting')
    expect(orders).toMatchObject([{ orderId: 'W-1', providerOrderId: '' }])
    expect(orderViewSchema.parse(orders[0])).toEqual(orders[0])
  })

  test.each([
    ['0', '0'],
    ['100', '100'],
    ['0.00000001', '0.00000001'],
    ['999999999999.99999999', '999999999999.99999999'],
    ['12.34000000', '12.34'],
  ])('writes a balance of %s as %s', async (balance, written) => {
    await ingest.openAccount(`rich-${balance}`, { balance })

    const mode = written === '0' ? 'external' : 'kept'
    expect((await snapshotOf(`rich-${balance}`)).account).toEqual({ balance: written, currency: 'USD', mode })
  })

  test('has open orders before the most recent others, however old they are, newest first', async () => {
    await ingest.openAccount('user-2')
    await ingest.insertOrder('user-2', {
      orderId: 'old-open',
      status: 'in_progress',
      createdAt: '2020-01-01T00:00:00Z',
    })
    await ingest.insertOrder('user-2', { orderId: 'older-open', status: 'pending', createdAt: '2019-01-01T00:00:00Z' })
    for (const year of [2021, 2022, 2023, 2024]) {
      await ingest.insertOrder('user-2', {
        orderId: `closed-${year}`,
        status: 'completed',
        createdAt: `${year}-01-01T00:00:00Z`,
      })
    }
    const { orders } = await snapshotOf('user-2')

    expect(orders.map(({ orderId }) => orderId)).toEqual(['closed-2024', 'old-open', 'older-open'])
  })

  test('is bounded, even for somebody who has nothing but open orders', async () => {
    await ingest.openAccount('user-3')
    for (let index = 1; index <= 5; index += 1) {
      await ingest.insertOrder('user-3', { orderId: `open-${index}`, createdAt: `2024-01-0${index}T00:00:00Z` })
    }
    const { orders } = await snapshotOf('user-3')

    expect(orders.map(({ orderId }) => orderId)).toEqual(['open-5', 'open-4', 'open-3'])
  })
})

describe('a user who was here before', () => {
  /** A user whose events from `first` to `last` are kept. */
  async function aUser(userId: string, { first = 1, last }: { first?: number; last: number }) {
    await ingest.openAccount(userId, { lastSeq: first - 1 })
    const events = await ingest.commit(userId, last - first + 1)
    const startAt = (seq: number, at: Partial<Position> = {}) => reader.start(userId, { epoch, seq, ...at })
    return { events, startAt }
  }

  test('gets exactly what was committed since, byte for byte', async () => {
    const { events, startAt } = await aUser('back', { last: 5 })
    const start = await startAt(2)

    expect(start).toMatchObject({ mode: 'resumed', epoch, seq: 2 })
    const missed = (start as Extract<StreamStart, { mode: 'resumed' }>).events
    expect(missed.map(({ seq, bytes }) => [seq, bytes.toString()])).toEqual(
      events.slice(2).map(({ seq, payload }) => [seq, payload]),
    )
  })

  test('gets nothing when nothing has happened since', async () => {
    const { startAt } = await aUser('up-to-date', { last: 5 })

    expect(await startAt(5)).toEqual({ mode: 'resumed', epoch, seq: 5, events: [] })
  })

  test.each([
    ['of another epoch', 'other-epoch', { epoch: 'another' }],
    ['of another epoch, at the same seq', 'other-epoch-head', { epoch: 'another', seq: 5 }],
  ])('gets a snapshot for a position %s', async (_name, userId, at) => {
    const { startAt } = await aUser(userId, { last: 5 })

    expect(await startAt(2, at)).toMatchObject({ mode: 'snapshot', epoch, seq: 5, account: { balance: '5' } })
  })

  test('is rejected at a position that the database does not have, and gets a snapshot when it does not have it for long', async () => {
    await ingest.openAccount('ahead', { lastSeq: 0 })
    await ingest.commit('ahead', 5)
    let now = 0
    const ahead: boolean[] = []
    const patient = createStreamReader({ pool, now: () => now, onAhead: (isVoid) => ahead.push(isVoid) })
    const start = (seq: number): Promise<StreamStart> => patient.start('ahead', { epoch, seq })
    await expect(start(6)).rejects.toThrow('the database does not have an event that the client has received')
    now = 19_999
    await expect(start(6)).rejects.toThrow('former primary')
    now = 20_000
    expect(await start(6)).toMatchObject({ mode: 'snapshot', epoch, seq: 5 })

    // The end of a failover, and the next one.
    await ingest.commit('ahead', 1)
    expect(await start(6)).toMatchObject({ mode: 'resumed', seq: 6 })
    await expect(start(7)).rejects.toThrow('former primary')
    now = 320_000
    await expect(start(7)).rejects.toThrow('former primary')
    expect(ahead).toEqual([false, false, true, false, false])
  })

  test('gets a snapshot when what it missed is no longer kept', async () => {
    const { startAt } = await aUser('long-away', { first: 5, last: 7 })

    expect(await startAt(3)).toMatchObject({ mode: 'snapshot', seq: 7 })
    expect(await startAt(4)).toMatchObject({ mode: 'resumed', events: [{ seq: 5 }, { seq: 6 }, { seq: 7 }] })
  })

  test('gets a snapshot when none of what it missed is kept', async () => {
    await ingest.openAccount('very-long-away', { lastSeq: 9 })

    expect(await reader.start('very-long-away', { epoch, seq: 3 })).toMatchObject({ mode: 'snapshot', seq: 9 })
  })

  test('gets a snapshot when too much has happened since', async () => {
    const { startAt } = await aUser('busy', { last: EVENTS_MAX + 1 })

    expect(await startAt(0)).toMatchObject({ mode: 'snapshot', seq: EVENTS_MAX + 1 })
    const start = (await startAt(1)) as Extract<StreamStart, { mode: 'resumed' }>
    expect([start.mode, start.events.length, start.events.at(-1)?.seq]).toEqual(['resumed', EVENTS_MAX, EVENTS_MAX + 1])
  })

  test('gets a snapshot when what it missed is too long', async () => {
    await ingest.openAccount('verbose')
    await ingest.commit('verbose', 3, { linkLength: WELCOME_BYTES_MAX / 3 })

    expect(await reader.start('verbose', { epoch, seq: 0 })).toMatchObject({ mode: 'snapshot', seq: 3 })
    expect(await reader.start('verbose', { epoch, seq: 1 })).toMatchObject({ mode: 'resumed', seq: 1 })
  })
})

test('the statements that joins need are planned once for each connection, not for each user', async () => {
  const onlyOne = database.poolAs('gateway', 1)
  const readerOfOne = createStreamReader({ pool: onlyOne })
  for (const userId of ['up-to-date', 'back', 'user-1']) {
    await readerOfOne.start(userId, undefined)
    await readerOfOne.start(userId, { epoch, seq: 2 })
  }
  const { rows } = await onlyOne.query(
    `SELECT name, custom_plans FROM pg_prepared_statements WHERE name LIKE 'read_%' ORDER BY name`,
  )
  expect(rows).toEqual(['read_missed', 'read_snapshots'].map((name) => ({ name, custom_plans: 0 })))
})

test('the events since a seq are the oldest first, and not more than EVENTS_MAX', async () => {
  await ingest.openAccount('long')
  await ingest.commit('long', EVENTS_MAX + 3)
  const seqsSince = async (seq: number) => (await reader.eventsSince('long', seq)).map((event) => event.seq)

  expect(await seqsSince(EVENTS_MAX)).toEqual([EVENTS_MAX + 1, EVENTS_MAX + 2, EVENTS_MAX + 3])
  expect(await seqsSince(1)).toEqual(Array.from({ length: EVENTS_MAX }, (_, index) => index + 2))
  expect(await seqsSince(EVENTS_MAX + 3)).toEqual([])
  expect(await reader.eventsSince('without-account', 0)).toEqual([])
})

describe('a thousand users in the same moment', () => {
  const userIds = Array.from({ length: 1000 }, (_, index) => `crowd-${index}`)
  beforeAll(async () => {
    await database.owner.query(
      `WITH opened AS (
         INSERT INTO accounts (user_id, currency) SELECT user_id, 'USD' FROM unnest($1::text[]) AS crowd (user_id)
         RETURNING *
       )
       INSERT INTO ledger_entries (entry_id, user_id, kind, amount, balance_after, created_at)
       SELECT gen_random_uuid(), opened.user_id, 'deposit', position, position, now()
       FROM opened JOIN unnest($1::text[]) WITH ORDINALITY AS crowd (user_id, position) USING (user_id)`,
      [userIds],
    )
    await database.owner.query(
      `UPDATE accounts SET balance = balance_after FROM ledger_entries AS entry
       WHERE entry.user_id = accounts.user_id AND accounts.user_id = ANY($1::text[])`,
      [userIds],
    )
  })

  /** How many connections the pool has handed out meanwhile: one for each query. */
  async function countQueries<T>(work: () => Promise<T>): Promise<{ result: T; queries: number }> {
    let queries = 0
    const count = (): void => void (queries += 1)
    pool.on('acquire', count)
    try {
      return { result: await work(), queries }
    } finally {
      pool.off('acquire', count)
    }
  }

  test('get their own snapshots from ten queries', async () => {
    const { result, queries } = await countQueries(() => Promise.all(userIds.map((id) => reader.start(id, undefined))))

    expect(result.map((start) => start.mode === 'snapshot' && start.account?.balance)).toEqual(
      userIds.map((_, index) => `${index + 1}`),
    )
    expect(queries).toBe(10)
  })

  test('get what they missed from a handful of queries', async () => {
    for (const userId of userIds.slice(0, 10)) await ingest.commit(userId, 2)
    const { result, queries } = await countQueries(() =>
      Promise.all(userIds.map((id) => reader.start(id, { epoch, seq: 0 }))),
    )

    expect(result.map((start) => start.mode === 'resumed' && start.events.length)).toEqual(
      userIds.map((_, index) => (index < 10 ? 2 : 0)),
    )
    expect(queries).toBeGreaterThan(0)
    expect(queries).toBeLessThanOrEqual(6)
  })
})
