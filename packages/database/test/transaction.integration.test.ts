import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import type { Pool, PoolClient } from 'pg'
import { createPool } from '../src/connect.ts'
import { isDatabaseUnavailable, isRejectedByDatabase, isRetryable, RolledBackError } from '../src/database-errors.ts'
import { roundTrip, transaction } from '../src/transaction.ts'

let database: TestDatabase
/** One connection, so that whatever a transaction leaves behind meets the next one. */
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})
beforeEach(() => {
  pool = createPool({ url: database.url, role: 'ingest', name: 'test', max: 1 })
})
afterEach(async () => {
  await pool.end()
  await database.owner.query('DELETE FROM accounts')
})

const insertAccount = (client: PoolClient, userId: string, balance = '0') =>
  client.query('INSERT INTO accounts (user_id, currency, balance) VALUES ($1, $2, $3)', [userId, 'USD', balance])

/** In one round trip. */
const commitAccount = (userId: string): Promise<void> =>
  transaction(
    pool,
    () => Promise.resolve(),
    (client) => [insertAccount(client, userId)],
  )

async function findUsers(): Promise<string[]> {
  const { rows } = await database.owner.query<{ user_id: string }>('SELECT user_id FROM accounts ORDER BY user_id')
  return rows.map((row) => row.user_id)
}

const failureOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('a transaction', () => {
  test('is committed, with its last statements', async () => {
    await commitAccount('user-1')

    expect(await findUsers()).toEqual(['user-1'])
  })

  test('is seen by nobody before', async () => {
    await transaction(pool, async (client) => {
      await insertAccount(client, 'user-1')
      expect(await findUsers()).toEqual([])
    })
    expect(await findUsers()).toEqual(['user-1'])
  })

  test('returns what its work returns, which its last statements are made of', async () => {
    const result = await transaction(
      pool,
      async (client) => (await client.query<{ name: string }>(`SELECT 'user-7' AS name`)).rows[0]!.name,
      (client, name) => [insertAccount(client, name)],
    )
    expect(result).toBe('user-7')
    expect(await findUsers()).toEqual(['user-7'])
  })

  test('is rolled back when one of its last statements is refused', async () => {
    const failure = await failureOf(
      transaction(
        pool,
        (client) => insertAccount(client, 'user-1'),
        (client) => [insertAccount(client, 'user-2', '-1'), insertAccount(client, 'user-3')],
      ),
    )
    expect(failure).toMatchObject({ constraint: 'accounts_balance_check' })
    expect(await findUsers()).toEqual([])
  })

  test('whose BEGIN failed alone, as when it was canceled, commits nothing', async () => {
    const client = await pool.connect()
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>
    client.query = ((text: unknown, ...rest: unknown[]) =>
      query(text === 'BEGIN' ? 'BEGIN, please' : text, ...rest)) as typeof client.query
    client.release()

    const failure = await failureOf(
      transaction(pool, async (connection) => {
        await connection.query('SELECT 1')
        await insertAccount(connection, 'user-1')
      }),
    )
    expect(isDatabaseUnavailable(failure)).toBe(true)
    expect(await findUsers()).toEqual([])
    await commitAccount('user-2')
    expect(await findUsers()).toEqual(['user-2'])
  })

  test('that outlasted the server while this process was paused counts as one that was cut off', async () => {
    const failure = await failureOf(
      transaction(pool, async (client) => {
        await client.query('SET LOCAL idle_in_transaction_session_timeout = 50')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
        await insertAccount(client, 'user-1')
      }),
    )
    expect(failure).toMatchObject({ code: '25P03' })
    expect(isDatabaseUnavailable(failure)).toBe(true)
    await commitAccount('user-2')
    expect(await findUsers()).toEqual(['user-2'])
  })

  test('is rolled back when its work throws, and its connection is good for the next one', async () => {
    const bug = new Error('a bug')
    const attempt = transaction(pool, async (client) => {
      await insertAccount(client, 'user-1')
      throw bug
    })
    await expect(attempt).rejects.toBe(bug)
    await commitAccount('user-2')

    expect(await findUsers()).toEqual(['user-2'])
    expect(pool.totalCount).toBe(1)
  })

  test('is rolled back when a statement is refused, and its connection is good for the next one', async () => {
    const failure = await failureOf(transaction(pool, (client) => insertAccount(client, 'user-1', '-1')))
    await commitAccount('user-2')

    expect(isRejectedByDatabase(failure)).toBe(true)
    expect(isDatabaseUnavailable(failure)).toBe(false)
    expect(await findUsers()).toEqual(['user-2'])
  })

  test('that loses against another one may be tried again', async () => {
    await commitAccount('user-1')
    await commitAccount('user-2')
    const lock = (client: PoolClient, userId: string) =>
      client.query('SELECT FROM accounts WHERE user_id = $1 FOR UPDATE', [userId])
    const both = database.poolAs('ingest', 2)
    const met = Promise.withResolvers<void>()
    let locked = 0
    const crossing = (first: string, second: string) =>
      transaction(both, async (client) => {
        await lock(client, first)
        locked += 1
        if (locked === 2) met.resolve()
        await met.promise
        await lock(client, second)
      })

    const failures = await Promise.all([
      failureOf(crossing('user-1', 'user-2')),
      failureOf(crossing('user-2', 'user-1')),
    ])
    expect(failures.filter((failure) => failure !== undefined).map(isRetryable)).toEqual([true])
  })
})

describe('a round trip', () => {
  test('gives the answers in the order of the statements, and nothing for those that were left out', async () => {
    const results = await transaction(pool, (client) =>
      roundTrip([client.query('SELECT 1 AS n'), undefined, client.query('SELECT 2 AS n')]),
    )
    expect(results.map((result) => result?.rows)).toEqual([[{ n: 1 }], undefined, [{ n: 2 }]])
  })

  test('throws the error of the first that failed, not that of those behind it', async () => {
    const attempt = transaction(pool, (client) =>
      roundTrip([
        insertAccount(client, 'user-1'),
        insertAccount(client, 'user-2', '-1'),
        insertAccount(client, 'user-3'),
      ]),
    )
    await expect(attempt).rejects.toMatchObject({ constraint: 'accounts_balance_check' })
    expect(await findUsers()).toEqual([])
  })
})

describe('a COMMIT', () => {
  test('that the server answered with ROLLBACK is an error, and worth another try', async () => {
    const failure = await failureOf(
      transaction(pool, async (client) => {
        await insertAccount(client, 'user-1')
        await insertAccount(client, 'user-2', '-1').catch(() => 'swallowed')
      }),
    )
    expect(failure).toBeInstanceOf(RolledBackError)
    expect((failure as Error).message).toBe('COMMIT returned ROLLBACK')
    expect(isRetryable(failure)).toBe(true)

    await commitAccount('user-3')
    expect(await findUsers()).toEqual(['user-3'])
  })
})

describe('a connection that is ended in the middle', () => {
  const end = (pid: unknown) => database.owner.query('SELECT pg_terminate_backend($1, 5000)', [pid])
  const pidOf = async (client: PoolClient): Promise<unknown> =>
    (await client.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid

  test.each<[string, (client: PoolClient) => Promise<unknown>]>([
    [
      'between two statements',
      async (client) => {
        await end(await pidOf(client))
      },
    ],
    [
      'during a statement',
      async (client) => {
        const pid = await pidOf(client)
        return Promise.all([client.query('SELECT pg_sleep(10)'), end(pid)])
      },
    ],
  ])('%s: the database was unavailable, and the next transaction gets another one', async (_when, work) => {
    const failure = await failureOf(
      transaction(pool, async (client) => {
        await insertAccount(client, 'user-1')
        await work(client)
      }),
    )
    expect(failure).toBeInstanceOf(Error)
    expect(isDatabaseUnavailable(failure)).toBe(true)

    await commitAccount('user-2')
    expect(await findUsers()).toEqual(['user-2'])
  })
})

test.each(['127.0.0.1', 'localhost'])('no server at %s: the database was unavailable', async (host) => {
  const nowhere = createPool({ url: `postgres://me@${host}:1/paxyo`, role: 'ingest', name: 'test', max: 1 })
  try {
    const failure = await failureOf(transaction(nowhere, (client) => client.query('SELECT 1')))
    expect(isDatabaseUnavailable(failure)).toBe(true)
  } finally {
    await nowhere.end()
  }
})
