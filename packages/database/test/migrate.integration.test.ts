import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, stayWithinOneDay, type TestDatabase } from '@paxyo/testkit'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { recountTotals } from '../src/count-totals.ts'
import { applyMigrations } from '../src/apply-migrations.ts'
import { readMaintenanceAgeS } from '../src/maintenance-runs.ts'
import { migrateToLatest } from '../src/migrate.ts'

const MIGRATIONS = [
  '0041-baseline',
  '0043-passkeys',
  '0044-mapped-words',
  '0045-audit-log-signatures',
  '0049-timelines',
  '0050-erasure',
  '0051-delivery-bodies',
  '0055-compact-events',
  '0060-moved-deliveries',
  '0061-webhook-attempts',
  '0062-console-keys',
  '0063-service-secrets',
  '0064-audit-calls',
]

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  await database.owner.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const findTables = async (): Promise<unknown[]> => {
  const { rows } = await database.owner.query(`SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') ORDER BY 1`)
  return rows
}

test('an empty database is brought up to date, and a second run changes nothing', async () => {
  expect(await migrateToLatest(database.url)).toEqual(MIGRATIONS)
  const tables = await findTables()
  const { rows: epoch } = await database.owner.query('SELECT epoch FROM stream_epoch')

  expect(await migrateToLatest(database.url)).toEqual([])
  expect(await findTables()).toEqual(tables)
  expect((await database.owner.query('SELECT epoch FROM stream_epoch')).rows).toEqual(epoch)
})

test('from the first migration on, it is known how long maintenance has been missing', async () => {
  await migrateToLatest(database.url)
  await database.owner.query(`UPDATE maintenance_runs SET finished_at = finished_at - interval '3 days'`)
  await migrateToLatest(database.url)
  expect(await readMaintenanceAgeS(database.owner)).toBeGreaterThanOrEqual(3 * 86_400)
})

test('accounts from before have their totals counted, once, and changes of other services are not waited for', async () => {
  await migrateToLatest(database.url)
  await database.owner.query(`
    INSERT INTO accounts (user_id, currency, last_seq) SELECT 'user-' || n, 'USD', 5 FROM generate_series(1, 1200) AS n;
    INSERT INTO orders (order_id, user_id, service, link, quantity, charge, status, refunded)
    SELECT user_id || n, user_id, 's', 'l', 10, 3, CASE n WHEN 1 THEN 'canceled' ELSE 'pending' END, 3 / n / n
    FROM accounts, generate_series(1, 3) AS n WHERE user_id <> 'user-7'`)
  const client = await database.owner.connect()
  try {
    await client.query(`BEGIN; UPDATE accounts SET last_seq = last_seq WHERE user_id = 'user-8'`)
    await migrateToLatest(database.url)
  } finally {
    await client.query('COMMIT')
    client.release()
  }
  const counted = await database.owner.query(
    `SELECT refunded::int, order_counts::text, count(*)::int FROM accounts WHERE totals_seq = last_seq GROUP BY 1, 2 ORDER BY 3`,
  )
  expect(counted.rows).toEqual([
    { refunded: 0, order_counts: '{}', count: 1 },
    { refunded: 3, order_counts: '{"pending": 2, "canceled": 1}', count: 1198 },
  ])

  // A version that knows no totals has imported orders: only a recount finds that.
  await database.owner.query(`
    INSERT INTO orders (order_id, user_id, service, link, quantity, charge, status, refunded)
    VALUES ('imported', 'user-7', 's', 'l', 10, 3, 'completed', 1)`)
  // The account that was locked is counted, too.
  expect([await recountTotals(database.owner), await recountTotals(database.owner)]).toEqual([2, 0])
  const recounted = `SELECT refunded::int, order_counts::text FROM accounts WHERE user_id IN ('user-7', 'user-8') ORDER BY user_id`
  expect((await database.owner.query(recounted)).rows).toEqual([
    { refunded: 1, order_counts: '{"completed": 1}' },
    { refunded: 3, order_counts: '{"pending": 2, "canceled": 1}' },
  ])
})

test('an account becomes kept with its first deposit or charge, whichever service records it', async () => {
  await migrateToLatest(database.url)
  await database.owner.query(`
    INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(1, 5) AS n;
    INSERT INTO orders (order_id, user_id, service, link, quantity, charge, refunded)
    SELECT user_id, user_id, 's', 'l', 10, 3, 1 FROM accounts;
    ${entries('refund', 'user_id', '0, 1', `user_id <> 'user-5'`)}
    ${entries('charge', 'user_id', 'NULL, NULL', `user_id = 'user-3'`)}
    ${entries('deposit', 'NULL', 'NULL, NULL', `user_id = 'user-4'`)}`)
  const modes = `SELECT user_id, balance_mode FROM accounts WHERE balance_mode <> 'external' ORDER BY 1`
  expect((await database.owner.query(modes)).rows).toEqual([
    { user_id: 'user-3', balance_mode: 'kept' },
    { user_id: 'user-4', balance_mode: 'kept' },
  ])
})

/** Entries for some accounts, written as a service that knows no modes writes them. */
const entries = (kind: string, orderId: string, refunded: string, where: string): string => `
  INSERT INTO ledger_entries
    (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, created_at)
  SELECT gen_random_uuid(), user_id, '${kind}', ${orderId}, 1, 1, ${refunded}, now() FROM accounts WHERE ${where};`

test('three who migrate at once do it once', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => migrateToLatest(database.url)))

  expect(runs.flat().toSorted()).toEqual(MIGRATIONS)
})

test('a migration that waits for a reader lets writers pass, and is applied once the reader has ended', async () => {
  await database.owner.query('CREATE TABLE accounts AS SELECT 1 AS last_seq')
  await using db = connect()
  await applyMigrations(db, { '0001-none': { up: () => Promise.resolve() } })
  const reader = await database.owner.connect()
  let migrated: Promise<string[]>
  try {
    // Like pg_dump.
    await reader.query('BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE')
    migrated = applyMigrations(db, { '0001-none': { up: () => Promise.resolve() }, '0002-widen': WIDEN })
    await eventually(async () => {
      const { rowCount } = await database.owner.query(
        `SELECT FROM pg_locks WHERE relation = 'accounts'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`,
      )
      return rowCount === 1
    })
    // The reader still holds its lock when this returns.
    await database.owner.query(`UPDATE accounts SET last_seq = 7`)
  } finally {
    await reader.query('COMMIT')
    reader.release()
  }
  expect(await migrated).toEqual(['0002-widen'])
  expect((await database.owner.query('SELECT * FROM accounts')).rows).toEqual([{ last_seq: 7, extra: null }])
})

test('a migration that never gets its lock names the process and the tables', async () => {
  await using db = connect()
  const reader = await database.owner.connect()
  try {
    await reader.query(`CREATE TABLE accounts (); SET application_name = 'pg_dump'`)
    await reader.query('BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE')
    const failure = await applyMigrations(db, { '0001-widen': WIDEN }, 1).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: '55P03' })
    expect((failure as Error).message).toMatch(/0001-widen .*process \d+ \(pg_dump\) has locked accounts.* run /)
  } finally {
    await reader.query('COMMIT')
    reader.release()
  }
})

const WIDEN = {
  async up(on: Kysely<unknown>) {
    await sql`ALTER TABLE accounts ADD extra text`.execute(on)
  },
}

function connect(): Kysely<unknown> {
  return new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: database.url, max: 2 }) }) })
}

test('a database from before the baseline is left alone, and the error says what to do', async () => {
  await database.owner.query(`
    CREATE TABLE kysely_migration (name varchar PRIMARY KEY, timestamp varchar NOT NULL);
    INSERT INTO kysely_migration VALUES ('0001-tables', 'then'), ('0041-balance-modes', 'then')`)
  const tables = await findTables()
  await expect(migrateToLatest(database.url)).rejects.toThrow(/0001-tables.*new database/)
  expect(await findTables()).toEqual(tables)
})

test('a migrated database takes events and deliveries of today and of the week to come', async () => {
  await stayWithinOneDay()
  await migrateToLatest(database.url)
  for (const [table, values] of [
    ['events (user_id, seq, at, payload)', `'user-1', 1 + day, later, '{}'`],
    ['deliveries (delivery_id, provider, body, outcome, received_at)', `'d-' || day, 'a', '{}', 'parked', later`],
  ]) {
    const { rows } = await database.owner.query(
      `INSERT INTO ${table} SELECT ${values}
       FROM generate_series(0, 7) day, LATERAL (SELECT now() + make_interval(days => day)) AS at (later)
       RETURNING tableoid::regclass::text AS partition`,
    )
    expect(new Set(rows.map(({ partition }) => partition)).size).toBe(8)
    expect(rows).not.toContainEqual({ partition: expect.stringContaining('default') })
  }
})
