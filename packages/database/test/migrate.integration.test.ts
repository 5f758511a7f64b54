import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, stayWithinOneDay, type TestDatabase } from '@paxyo/testkit'
import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { recountTotals } from '../src/count-totals.ts'
import { applyMigrations } from '../src/apply-migrations.ts'
import { migrateToLatest } from '../src/migrate.ts'

const MIGRATIONS = [
  '0001-tables',
  '0002-roles',
  '0003-confirmations',
  '0004-panel-api',
  '0005-back-office',
  '0006-orders-from-elsewhere',
  '0007-open-orders',
  '0008-lean-indexes',
  '0009-waiting-updates',
  '0010-payment-refs',
  '0011-standard-terms',
  '0012-rejected-requests',
  '0013-counted-reviews',
  '0014-operator-actions',
  '0016-provider-order-changes',
  '0017-drip-feed-and-waiting',
  '0018-reconciliations',
  '0019-status-words',
  '0022-change-feed',
  '0023-outgoing-webhook-endpoints',
  '0024-verified-again',
  '0026-account-totals',
  '0029-gateway-reads-outbox',
  '0030-connection-cutoffs',
  '0031-receipts',
  '0032-balances-have-entries',
  '0033-operators',
  '0034-audit-log',
  '0035-scoped-keys',
  '0037-operations-tickets',
  '0039-revoked-tokens',
  '0041-balance-modes',
  '0043-passkeys',
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

test('accounts from before with a deposit or a charge become kept; an older service that records one later, too', async () => {
  await migrateToLatest(database.url)
  await database.owner.query(`
    INSERT INTO accounts (user_id, currency)
    SELECT 'user-' || n, 'USD' FROM generate_series(1, 1200) AS n;
    INSERT INTO orders (order_id, user_id, service, link, quantity, charge, refunded)
    SELECT user_id, user_id, 's', 'l', 10, 3, 1 FROM accounts;
    ${entries('refund', 'user_id', '0, 1', `user_id <> 'user-1200'`)}
    ${entries('charge', 'user_id', 'NULL, NULL', `user_id = 'user-3'`)}
    ${entries('deposit', 'NULL', 'NULL, NULL', `user_id = 'user-1150'`)}
    UPDATE accounts SET balance_mode = NULL`)
  await migrateToLatest(database.url)
  const keptAccounts = `SELECT user_id FROM accounts WHERE balance_mode = 'kept' ORDER BY 1`
  const modes = `SELECT balance_mode, count(*)::int FROM accounts GROUP BY 1 ORDER BY 1`
  expect((await database.owner.query(keptAccounts)).rows).toEqual([{ user_id: 'user-1150' }, { user_id: 'user-3' }])
  expect((await database.owner.query(modes)).rows).toEqual([
    { balance_mode: 'external', count: 1198 },
    { balance_mode: 'kept', count: 2 },
  ])

  await database.owner.query(entries('deposit', 'NULL', 'NULL, NULL', `user_id = 'user-2'`))
  expect((await database.owner.query(keptAccounts)).rows).toContainEqual({ user_id: 'user-2' })
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
  await migrateToLatest(database.url)
  await database.owner.query(`
    DROP TRIGGER keep_balance ON ledger_entries; DROP FUNCTION keep_balance; ALTER TABLE accounts DROP balance_mode;
    DROP TABLE operator_passkeys, passkey_challenges;
    DELETE FROM kysely_migration WHERE name >= '0041-balance-modes';
    INSERT INTO accounts (user_id, currency) VALUES ('ann', 'USD')`)
  const reader = await database.owner.connect()
  let migrated: Promise<string[]>
  try {
    // Like pg_dump.
    await reader.query('BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE')
    migrated = migrateToLatest(database.url)
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
  expect(await migrated).toEqual(['0041-balance-modes', '0043-passkeys'])
  expect((await database.owner.query('SELECT last_seq::int, balance_mode FROM accounts')).rows).toEqual([
    { last_seq: 7, balance_mode: 'external' },
  ])
  const constraint = `SELECT convalidated FROM pg_constraint WHERE conname = 'balance_mode_known'`
  expect((await database.owner.query(constraint)).rows).toEqual([{ convalidated: true }])
})

test('a migration that never gets its lock names the process and the tables', async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const reader = await database.owner.connect()
  try {
    await reader.query(`CREATE TABLE accounts (); SET application_name = 'pg_dump'`)
    await reader.query('BEGIN; LOCK TABLE accounts IN ACCESS SHARE MODE')
    const widen = {
      async up(on: Kysely<unknown>) {
        await sql`ALTER TABLE accounts ADD extra text`.execute(on)
      },
    }
    const failure = await applyMigrations(db, { '0001-widen': widen }, 1).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: '55P03' })
    expect((failure as Error).message).toMatch(/0001-widen .*process \d+ \(pg_dump\) has locked accounts.* run /)
  } finally {
    await reader.query('COMMIT')
    reader.release()
    await db.destroy()
  }
})

test('a migrated database takes events of today and of the week to come', async () => {
  await stayWithinOneDay()
  await migrateToLatest(database.url)
  const { rows } = await database.owner.query(
    `INSERT INTO events SELECT 'user-1', 1 + day, now() + make_interval(days => day), '{}' FROM generate_series(0, 7) day
     RETURNING tableoid::regclass::text AS partition`,
  )
  expect(new Set(rows.map(({ partition }) => partition)).size).toBe(8)
  expect(rows).not.toContainEqual({ partition: 'events_default' })
})

test('refunds that had not become outgoing webhooks yet become some, once', async () => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    for (const name of MIGRATIONS.filter((one) => one < '0023')) await upOf(name, db)
    await database.owner.query(REFUNDS_BEFORE)
    await upOf('0023-outgoing-webhook-endpoints', db)
    const { rows } = await database.owner.query(
      `SELECT webhook_id::text, state, body::json #>> '{data,amount}' AS amount FROM outgoing_webhooks ORDER BY queue_number`,
    )
    // The first was delivered, and the last comes from the changes feed.
    expect(rows).toEqual([
      { webhook_id: `${REFUND_ID}2`, state: 'pending', amount: '2' },
      { webhook_id: `${REFUND_ID}3`, state: 'pending', amount: '3' },
      { webhook_id: `${REFUND_ID}4`, state: 'pending', amount: '4' },
    ])
  } finally {
    await db.destroy()
  }
})

async function upOf(name: string, db: Kysely<unknown>): Promise<void> {
  const { up } = (await import(`../src/migrations/${name}.ts`)) as { up: (on: Kysely<unknown>) => Promise<void> }
  await up(db)
}

const REFUND_ID = '00000000-0000-0000-0000-00000000000'
/** Five refunds: two are webhooks, the third and the fourth are not yet, and the fifth was paid after the endpoint's position. */
const REFUNDS_BEFORE = `
  INSERT INTO accounts (user_id, currency, balance) VALUES ('ann', 'USD', 15);
  INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge, refunded)
  VALUES ('A-1', 'godofpanel', '1', 'ann', 's', 'l', 1, 100, 15);
  INSERT INTO ledger_entries
    (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, created_at)
  SELECT ('${REFUND_ID}' || n)::uuid, 'ann', 'refund', 'A-1', n, n * (n + 1) / 2, n * (n - 1) / 2, n * (n + 1) / 2,
    '2026-01-01'::timestamptz + n * interval '1 hour'
  FROM generate_series(1, 5) AS n;
  DELETE FROM refund_feed;
  INSERT INTO refund_feed (entry_ids, last_position) VALUES
    ('{${REFUND_ID}1,${REFUND_ID}2,${REFUND_ID}3}', 3), ('{${REFUND_ID}4}', NULL), ('{${REFUND_ID}5}', NULL);
  INSERT INTO outgoing_webhook_cursor (position) VALUES (2);
  INSERT INTO outgoing_webhooks (refund_id, position, state, due_at, settled_at) VALUES
    ('${REFUND_ID}1', 1, 'delivered', NULL, now()), ('${REFUND_ID}2', 2, 'pending', now(), NULL);
  INSERT INTO change_feed (created_at, user_ids, seqs, previous_statuses)
  VALUES ('2026-01-01'::timestamptz + interval '5 hours', '{ann}', '{1}', '{pending}')`
