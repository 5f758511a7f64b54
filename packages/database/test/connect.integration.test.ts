import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import { createKysely, createPool } from '../src/connect.ts'
import { insertAllSamples } from './sample-rows.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await insertAllSamples(database.owner)
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

test.each([
  ['ingest', 'paxyo_ingest'],
  ['gateway', 'paxyo_gateway'],
] as const)('every connection of %s has taken on the role %s', async (role, name) => {
  const pool = createPool({ url: database.url, role, name: `test of ${role}`, max: 3 })
  try {
    const results = await Promise.all(
      [1, 2, 3].map(() =>
        pool.query(`SELECT current_user, current_setting('application_name') AS name, pg_sleep(0.05)`),
      ),
    )
    expect(pool.totalCount).toBe(3)
    for (const { rows } of results) expect(rows).toMatchObject([{ current_user: name, name: `test of ${role}` }])
  } finally {
    await pool.end()
  }
})

test('a statement and an open transaction have their time limits', async () => {
  const { rows } = await database.poolAs('ingest').query(
    `SELECT current_setting('statement_timeout') AS statement,
            current_setting('idle_in_transaction_session_timeout') AS idle`,
  )
  expect(rows).toEqual([{ statement: '15s', idle: '15s' }])
})

test('counts arrive as numbers and money as text', async () => {
  const { rows } = await database.poolAs('ingest').query('SELECT quantity, charge, refunded, remains FROM orders')

  expect(rows).toEqual([{ quantity: 1000, charge: '2.50000000', refunded: '0.00000000', remains: null }])
})

test('statements of one connection travel together and are answered in order', async () => {
  const client = await database.poolAs('ingest').connect()
  try {
    const order: string[] = []
    await Promise.all([
      client.query('SELECT pg_sleep(0.1)').then(() => order.push('slow')),
      client.query('SELECT 1/0').catch(() => order.push('wrong')),
      client.query('SELECT 1').then(() => order.push('fast')),
    ])
    expect(order).toEqual(['slow', 'wrong', 'fast'])
  } finally {
    client.release()
  }
})

test('the query builder speaks the same types', async () => {
  const db = createKysely(database.poolAs('gateway'))
  const account = await db.selectFrom('accounts').select(['balance', 'last_seq']).executeTakeFirst()

  expect(account).toEqual({ balance: '0.00000000', last_seq: 0 })
})

test('an idle connection that the server ends is replaced at the next query', async () => {
  const pool = database.poolAs('gateway', 1)
  const pidOf = async (): Promise<number | undefined> =>
    (await pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid
  const before = await pidOf()
  await database.owner.query('SELECT pg_terminate_backend($1, 5000)', [before])
  // The first query may be the one that finds out.
  const after = await eventually(pidOf)

  expect(after).not.toBe(before)
})
