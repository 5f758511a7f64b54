import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { sql, type Kysely } from 'kysely'
import pg from 'pg'
import { applyMigrations } from '../src/apply-migrations.ts'
import { createKysely } from '../src/connect.ts'
import { MIGRATIONS } from '../src/migrate.ts'
import * as deadlock from './blocking-migrations/deadlock.ts'
import * as rewrite from './blocking-migrations/rewrite.ts'
import { checkMigration } from './check-migration.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const check = (...statements: readonly string[]): Promise<string[]> =>
  checkMigration(database.url, {
    async up(db: Kysely<unknown>) {
      for (const statement of statements) await sql.raw(statement).execute(db)
    },
  })

test('no migration after the baseline makes webhooks wait', async () => {
  await database.owner.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  const [baseline, ...later] = Object.keys(MIGRATIONS)
  const db = createKysely(new pg.Pool({ connectionString: database.url, max: 1 })) as Kysely<unknown>
  await applyMigrations(db, { [baseline!]: MIGRATIONS[baseline!]! })
  await db.destroy()
  for (const name of later) {
    const migration = MIGRATIONS[name]!
    expect({ name, violations: await checkMigration(database.url, migration) }).toEqual({ name, violations: [] })
  }
})

test('the one that rewrote orders is rejected', async () => {
  await database.owner.query(rewrite.BEFORE)
  expect(await checkMigration(database.url, rewrite)).toEqual([
    expect.stringMatching(/^orders is rewritten/),
    expect.stringMatching(/^orders: open_orders_of_user .* is built under a lock/),
  ])
})

test('the one that ended in a deadlock is rejected', async () => {
  const violations = await checkMigration(database.url, deadlock)
  expect(violations).toContain('orders is locked after deliveries, and by webhooks before it: a deadlock')
  expect(violations).toContainEqual(expect.stringMatching(/^orders: orders_provider_order_id_provider_key .* is built/))
})

test.each([
  ['a computed default', 'ALTER TABLE orders ADD extra uuid DEFAULT gen_random_uuid()', /^orders is rewritten/],
  ['another type', 'ALTER TABLE orders ALTER quantity TYPE numeric', /^orders is rewritten/],
  ['an index', 'CREATE INDEX extra ON deliveries (origin)', /^deliveries: extra .* is built/],
  ['a unique constraint', 'ALTER TABLE reviews ADD UNIQUE (delivery_id, reason)', /^reviews: reviews_.* is built/],
  ['a check', `ALTER TABLE accounts ADD CONSTRAINT extra CHECK (currency <> '')`, /^accounts: extra reads all rows/],
  ['a reference', 'ALTER TABLE receipts ADD FOREIGN KEY (user_id) REFERENCES accounts', /^receipts: .* reads all rows/],
  ['NOT NULL', 'ALTER TABLE orders ALTER remains SET NOT NULL', /^orders: NOT NULL of remains reads all rows/],
  ['a backfill', `UPDATE orders SET service = 's'`, /^all rows of orders/],
  ['a backfill with a query', `WITH old AS (SELECT 1) DELETE FROM reviews`, /^all rows of reviews/],
  ['a lock in another order than webhooks', 'LOCK TABLE outbox; LOCK TABLE orders', /^orders is locked after outbox/],
])('%s is rejected', async (_what, statements, violation) => {
  expect(await check(...statements.split('; '))).toEqual(expect.arrayContaining([expect.stringMatching(violation)]))
})

test.each([
  ['a column', 'ALTER TABLE orders ADD extra text'],
  ['a column with a constant default', `ALTER TABLE orders ADD extra text NOT NULL DEFAULT 'none'`],
  ['a check of later rows', `ALTER TABLE accounts ADD CONSTRAINT extra CHECK (currency <> '') NOT VALID`],
  [
    'a table with an index',
    'CREATE TABLE extra (id text PRIMARY KEY, at timestamptz); CREATE INDEX extra_by_time ON extra (at)',
  ],
  ['a trigger', 'CREATE TRIGGER extra BEFORE UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION reject_change()'],
  ['a table with few rows', 'CREATE INDEX extra ON operators (role)'],
])('%s is accepted', async (_what, statement) => {
  expect(await check(statement)).toEqual([])
})
