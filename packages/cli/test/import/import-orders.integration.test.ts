import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from '@jest/globals'
import {
  createTestDatabase,
  sharedRedisUrl,
  startService,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paxyo } from '../paxyo.ts'

let dir: string
let database: TestDatabase
let env: Record<string, string>
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-import-'))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))
beforeEach(async () => {
  database = await createTestDatabase()
  env = { DATABASE_URL: database.url }
})
afterEach(async () => database[Symbol.asyncDispose]())

const COLUMNS = 'orderId,providerOrderId,userId,service,link,quantity,charge,currency,status,remains,refunded,createdAt'
const REST = 'Instagram followers,https://instagram.com/somebody,1000,2.5,USD'

function write(name: string, ...lines: string[]): string {
  const path = join(dir, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

const startIngest = (): Promise<ServiceProcess> =>
  startService('webhook-ingest', {
    ...env,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: 'a-webhook-token',
  })

async function webhook(ingest: ServiceProcess, update: object): Promise<unknown> {
  const response = await fetch(`${ingest.url}/webhooks/godofpanel/a-webhook-token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(update),
  })
  return ((await response.json()) as { results: unknown[] }).results[0]
}

test('orders come with their history, once, and what is rejected is listed', async () => {
  const file = write(
    'orders.csv',
    COLUMNS,
    `A-1,1,7,${REST},In progress,,,2026-01-02 12:00:00`,
    `A-2,2,7,${REST},Canceled,,,2026-01-01 12:00:00`,
    `A-3,3,8,${REST},Partial,300,0.75,`,
    `A-4,,8,${REST},Completed,,,`,
    `A-5,5,8,${REST},Refill,,,`,
    `A-1,1,7,${REST},In progress,,,2026-01-02 12:00:00`,
    `A-6,1,9,${REST},Pending,,,`,
    `A-7,7`,
  )
  const first = await paxyo(['orders', 'import', file, '--json'], env)
  expect(first.stderr).toBe('')
  expect(first.json()).toEqual({
    rows: 8,
    imported: 4,
    alreadyThere: 1,
    rejected: 3,
    rejectedRows: `${file}.rejected.ndjson`,
    warnings: [],
    dryRun: false,
  })
  expect(first.code).toBe(1)
  const rejected = readFileSync(`${file}.rejected.ndjson`, 'utf8').trim().split('\n')
  expect(rejected.map((line) => JSON.parse(line) as object)).toMatchObject([
    { row: 5, reason: expect.stringContaining('Refill is unknown') },
    { row: 8, reason: '2 columns instead of 12' },
    { row: 7, reason: 'provider_order_taken' },
  ])

  const { rows } = await database.owner.query(
    `SELECT order_id, status, refunded::float, refunded_elsewhere::float, created_at < '2026-01-03' AS old FROM orders ORDER BY 1`,
  )
  expect(rows).toEqual([
    { order_id: 'A-1', status: 'in_progress', refunded: 0, refunded_elsewhere: 0, old: true },
    { order_id: 'A-2', status: 'canceled', refunded: 2.5, refunded_elsewhere: 2.5, old: true },
    { order_id: 'A-3', status: 'partial', refunded: 0.75, refunded_elsewhere: 0.75, old: false },
    { order_id: 'A-4', status: 'completed', refunded: 0, refunded_elsewhere: 0, old: false },
  ])
  // A row that is rejected opens no account.
  const accounts = await database.owner.query('SELECT user_id FROM accounts ORDER BY user_id')
  expect(accounts.rows).toEqual([{ user_id: '7' }, { user_id: '8' }])
  // Only an open order is announced.
  const events = await database.owner.query('SELECT user_id, seq FROM events')
  expect(events.rows).toEqual([{ user_id: '7', seq: '1' }])

  const again = await paxyo(['orders', 'import', file, '--json'], env)
  expect(again.json()).toMatchObject({ imported: 0, alreadyThere: 5, rejected: 3 })
  expect((await paxyo(['audit'], env)).code).toBe(0)
})

test('a later webhook pays what is missing, and nothing that was paid elsewhere', async () => {
  const file = write(
    'paid.csv',
    COLUMNS,
    `A-1,1,7,${REST},Canceled,,,`,
    `A-2,2,7,${REST},Partial,300,0.75,`,
    `A-3,3,7,${REST},Completed,,,`,
  )
  expect((await paxyo(['orders', 'import', file], env)).code).toBe(0)
  await using ingest = await startIngest()
  expect(await webhook(ingest, { order_id: '1', status: 'Canceled' })).toMatchObject({ outcome: 'unchanged' })
  expect(await webhook(ingest, { order_id: '2', status: 'Canceled' })).toMatchObject({
    outcome: 'applied',
    refund: '1.75',
  })
  expect(await webhook(ingest, { order_id: '3', status: 'Canceled' })).toMatchObject({
    outcome: 'applied',
    refund: '2.5',
  })
  const again = await paxyo(['orders', 'import', file, '--json'], env)
  expect(again.json()).toMatchObject({ imported: 0, alreadyThere: 3 })
  expect((await paxyo(['audit'], env)).code).toBe(0)
})

test('what the provider said before the import is applied with it', async () => {
  await using ingest = await startIngest()
  for (const [id, status] of [
    ['1', 'Canceled'],
    ['2', 'Canceled'],
  ] as const) {
    expect(await webhook(ingest, { order_id: id, status })).toMatchObject({ outcome: 'parked' })
  }
  const file = write('parked.csv', COLUMNS, `A-1,1,7,${REST},In progress,,,`, `A-2,2,7,${REST},Canceled,,,`)
  expect((await paxyo(['orders', 'import', file], env)).code).toBe(0)
  const { rows } = await database.owner.query(
    'SELECT order_id, status, refunded::float, refunded_elsewhere::float FROM orders ORDER BY 1',
  )
  expect(rows).toEqual([
    { order_id: 'A-1', status: 'canceled', refunded: 2.5, refunded_elsewhere: 0 },
    { order_id: 'A-2', status: 'canceled', refunded: 2.5, refunded_elsewhere: 2.5 },
  ])
  const account = await database.owner.query('SELECT balance::float FROM accounts')
  expect(account.rows).toEqual([{ balance: 2.5 }])
  const parked = await database.owner.query(`SELECT outcome FROM deliveries ORDER BY provider_order_id`)
  expect(parked.rows).toEqual([{ outcome: 'applied' }, { outcome: 'unchanged' }])
  expect((await paxyo(['audit'], env)).code).toBe(0)
})

test('where money waits for the provider, so does what was said before the import', async () => {
  await using ingest = await startIngest()
  await webhook(ingest, { order_id: '1', status: 'Canceled' })
  const file = write('verified.csv', COLUMNS, `A-1,1,7,${REST},In progress,,,`)
  expect((await paxyo(['orders', 'import', file], { ...env, VERIFY_REFUNDS: 'on' })).code).toBe(0)

  const { rows } = await database.owner.query(
    `SELECT outcome, (SELECT count(*)::int FROM verifications WHERE settled_at IS NULL) AS verifications,
       (SELECT balance::float FROM accounts) AS balance FROM deliveries`,
  )
  expect(rows).toEqual([{ outcome: 'awaiting_verification', verifications: 1, balance: 0 }])
})

test('a dry run changes nothing and needs no database', async () => {
  const file = write('dry.csv', COLUMNS, `A-1,1,7,${REST},Pending,,,`, `A-2,2,,${REST},Pending,,,`)
  const { code, stdout } = await paxyo(['orders', 'import', file, '--dry-run'])
  expect(stdout).toContain('2 rows read: 1 orders can be imported, 0 already present, 1 rejected')
  expect(code).toBe(1)
  expect((await database.owner.query('SELECT FROM orders')).rowCount).toBe(0)
})

test('NDJSON, where an id above 2⁵³ is written as a string', async () => {
  const order = {
    orderId: 1,
    providerOrderId: '9007199254740993',
    userId: 7,
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
    status: 'Pending',
  }
  const file = write('orders.ndjson', JSON.stringify(order), 'no json', '[]')
  expect((await paxyo(['orders', 'import', file, '--json'], env)).json()).toMatchObject({
    rows: 3,
    imported: 1,
    rejected: 2,
  })
  const { rows } = await database.owner.query('SELECT order_id, provider_order_id FROM orders')
  expect(rows).toEqual([{ order_id: '1', provider_order_id: '9007199254740993' }])
})

test('balances are taken over once', async () => {
  const file = write('users.csv', 'userId,balance,currency', '7,10.25,USD', '8,0.0000,USD', '9,-1,USD', '7,10.25,USD')
  expect((await paxyo(['accounts', 'import', file, '--json'], env)).json()).toMatchObject({
    imported: 2,
    alreadyThere: 1,
    rejected: 1,
  })
  const changed = write('users2.csv', 'userId,balance,currency', '7,11,USD', '8,0,EUR', '8,0,USD')
  const second = await paxyo(['accounts', 'import', changed, '--json'], env)
  expect(second.json()).toMatchObject({ imported: 0, alreadyThere: 1, rejected: 2 })
  expect(readFileSync(`${changed}.rejected.ndjson`, 'utf8')).toMatch(/balance_conflict[^]*currency_mismatch/)
  const { rows } = await database.owner.query('SELECT user_id, balance::float FROM accounts ORDER BY 1')
  expect(rows).toEqual([
    { user_id: '7', balance: 10.25 },
    { user_id: '8', balance: 0 },
  ])
  expect((await paxyo(['audit'], env)).code).toBe(0)
})

test('a file that is not there, a map that is wrong, a database that is not there', async () => {
  const missing = await paxyo(['orders', 'import', join(dir, 'nothing.csv')], env)
  expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/^paxyo: the file .* cannot be read/)])

  const map = write('map.json', JSON.stringify({ columns: { orderNumber: 'id' } }))
  const wrong = await paxyo(['orders', 'import', write('x.csv', 'a'), '--map', map], env)
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('names orderNumber: the fields are orderId,')])

  const file = write('down.csv', COLUMNS, `A-1,1,7,${REST},Pending,,,`)
  const down = await paxyo(['orders', 'import', file], { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' })
  expect([down.code, down.stderr]).toEqual([3, expect.stringContaining('connection refused at 127.0.0.1:1')])
  expect(existsSync(`${file}.rejected.ndjson`)).toBe(false)
})
