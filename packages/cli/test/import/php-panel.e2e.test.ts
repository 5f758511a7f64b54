import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestDatabase, eventually, type TestDatabase } from '@paxyo/testkit'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditResult } from '@paxyo/ledger/audit'
import type { ImportSummary } from '../../src/import/import-rows.ts'
import { startPaxyo } from '../paxyo-process.ts'
import { paxyo } from '../paxyo.ts'
import { exportPhpPanel, ORDERS_MAP, USERS_MAP, type PhpPanel } from './php-panel.ts'

// The move of a whole panel, killed in the middle of everything: infra/docs/migrating-from-php.md.

const USERS = 3_000
/** Twenty batches, about half of which are there when it is killed. */
const ORDERS = 10_000

let dir: string
let database: TestDatabase
let env: Record<string, string>
let panel: PhpPanel
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-php-panel-'))
  database = await createTestDatabase()
  env = { DATABASE_URL: database.url }
  panel = await exportPhpPanel(dir, { users: USERS, orders: ORDERS })
  writeFileSync(join(dir, 'users-map.json'), JSON.stringify(USERS_MAP))
  writeFileSync(join(dir, 'orders-map.json'), JSON.stringify(ORDERS_MAP))
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

const count = async (table: string): Promise<number> => {
  const { rows } = await database.owner.query<{ count: string }>(`SELECT count(*) FROM ${table}`)
  return Number(rows[0]!.count)
}

/** Kills it with no warning while it waits for a row, so that it is in the middle however fast it is. */
async function killAt(args: readonly string[], table: string, row: string): Promise<void> {
  const holder = await database.owner.connect()
  await holder.query('SELECT pg_advisory_lock(1)')
  await holder.query(`
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
    CREATE TRIGGER hold BEFORE INSERT ON ${table} FOR EACH ROW WHEN (NEW.${row}) EXECUTE FUNCTION hold()`)
  const waiting = `pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`
  const running = startPaxyo(args, env)
  await eventually(async () => (await count(waiting)) > 0)
  running.child.kill('SIGKILL')
  expect((await running.ended).code).toBe(null)
  // What it had sent already would be done when the lock is free.
  await holder.query(`SELECT pg_terminate_backend(pid, 30000) FROM ${waiting}`)
  await holder.query('SELECT pg_advisory_unlock(1)')
  await holder.query('DROP FUNCTION hold CASCADE')
  holder.release()
}

test('users, then orders; each killed in the middle and run again', async () => {
  const users = ['accounts', 'import', join(dir, 'users.csv'), '--map', join(dir, 'users-map.json'), '--json']
  await killAt(users, 'ledger_entries', `user_id = '${USERS / 2}'`)
  const halfway = await count('ledger_entries')
  expect(halfway).toBeGreaterThan(USERS / 4)
  expect(halfway).toBeLessThan(USERS)
  const usersAgain = await paxyo(users, env)
  expect(usersAgain.json()).toMatchObject({ rows: USERS, rejected: 0 })
  expect((usersAgain.json() as ImportSummary).alreadyThere).toBeGreaterThanOrEqual(halfway)

  const orders = ['orders', 'import', join(dir, 'orders.txt'), '--map', join(dir, 'orders-map.json'), '--json']
  await killAt(orders, 'orders', `order_id = '${ORDERS / 2 + 1}'`)
  const there = await count('orders')
  expect(there).toBeGreaterThan(ORDERS / 4)
  expect(there).toBeLessThan(ORDERS)
  const ordersAgain = await paxyo(orders, env)
  expect(ordersAgain.json()).toMatchObject({ rows: ORDERS, rejected: 0 })
  expect((ordersAgain.json() as ImportSummary).alreadyThere).toBeGreaterThanOrEqual(there)
})

test('every cent and every order is there once', async () => {
  const { rows: money } = await database.owner.query('SELECT sum(balance)::float AS sum, count(*)::int FROM accounts')
  expect(money).toEqual([{ sum: panel.balanceCents / 100, count: USERS }])
  const { rows } = await database.owner.query<{ status: string; count: number; refunded: number }>(
    'SELECT status, count(*)::int, sum(refunded)::float AS refunded FROM orders GROUP BY 1 ORDER BY 1',
  )
  const { Canceled = 0, Completed = 0, Partial = 0, Pending = 0, Processing = 0 } = panel.orderStatuses
  expect(rows).toEqual([
    { status: 'canceled', count: Canceled, refunded: Canceled * 2.5 },
    { status: 'completed', count: Completed, refunded: 0 },
    { status: 'in_progress', count: panel.orderStatuses['In progress'], refunded: 0 },
    { status: 'partial', count: Partial, refunded: Partial * 0.75 },
    { status: 'pending', count: Pending, refunded: 0 },
    { status: 'processing', count: Processing, refunded: 0 },
  ])
  expect(await count(`orders WHERE provider_order_id IS NULL`)).toBe(panel.notPassedOn)
  const { rows: odd } = await database.owner.query(
    `SELECT link, remains::int, created_at FROM orders WHERE order_id = '100'`,
  )
  expect(odd).toEqual([{ link: 'two\nlines \\ here', remains: 0, created_at: new Date('2026-01-17T09:00:00Z') }])
})

test('the books agree, but for what the services have not published yet', async () => {
  const audit = await paxyo(['audit', '--outbox-age', '1h', '--json'], env)
  expect((audit.json() as AuditResult).checks.filter(({ count: off }) => off > 0)).toEqual([])
})
