import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { paxyo } from '../paxyo.ts'

// Exports with the layouts and the oddities of real panels.

const DATA = fileURLToPath(new URL('../data/', import.meta.url))

let dir: string
let database: TestDatabase
let env: Record<string, string>
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-real-panels-'))
  database = await createTestDatabase()
  env = { DATABASE_URL: database.url }
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

function exported(name: string): { file: string; args: string[] } {
  const file = join(dir, `${name}-orders.csv`)
  copyFileSync(join(DATA, `${name}-orders.csv`), file)
  return { file, args: ['orders', 'import', file, '--map', join(DATA, `${name}-map.json`), '--json'] }
}

const rejectedRows = (file: string): [row: number, reason: string][] =>
  readFileSync(`${file}.rejected.ndjson`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { row: number; reason: string })
    .map(({ row, reason }): [number, string] => [row, reason])
    .toSorted(([one], [other]) => one - other)

const readOrders = async (): Promise<unknown[]> => {
  const { rows } = await database.owner.query(
    `SELECT order_id::int AS id, status, refunded_elsewhere::float AS refunded, remains::int, start_count::int AS start
     FROM orders ORDER BY 1`,
  )
  return rows
}

const REJECTED = [
  [5, 'providerOrderId: -1 means no id'],
  [8, expect.stringMatching(/^quantity: /)],
  [9, 'quantity: is missing'],
  [12, 'createdAt: 01/11/2025 10:00 is not a valid time'],
  [13, expect.stringMatching(/^charge: /)],
  [14, expect.stringMatching(/^charge: /)],
  [17, 'provider_order_taken'],
]
const WARNINGS = [
  { warning: 'remains_left_out', rows: 2, firstRows: [1, 10] },
  { warning: 'start_count_left_out', rows: 2, firstRows: [10, 11] },
  { warning: 'canceled_charge_zero', rows: 2, firstRows: [3, 4] },
  { warning: 'partial_charge_lowered', rows: 1, firstRows: [2] },
  { warning: 'partial_zero_remains', rows: 1, firstRows: [16] },
]

test.each([
  ['without the database', () => ({})],
  ['with it', () => env],
])("SmartPanel's orders: a dry run %s finds what the real one would, and changes nothing", async (_how, given) => {
  const { file, args } = exported('smartpanel')
  const { code, ...run } = await paxyo([...args, '--dry-run'], given())
  expect(code).toBe(1)
  expect(run.json()).toMatchObject({ rows: 17, imported: 10, rejected: 7, warnings: WARNINGS, dryRun: true })
  expect(rejectedRows(file)).toEqual(REJECTED)
  expect(await readOrders()).toEqual([])
})

test("SmartPanel's orders: what is imported, and what a dry run says afterwards", async () => {
  const { file, args } = exported('smartpanel')
  expect((await paxyo(args, env)).json()).toMatchObject({ imported: 10, rejected: 7, warnings: WARNINGS })
  expect(rejectedRows(file)).toEqual(REJECTED)
  expect(await readOrders()).toEqual([
    { id: 1, status: 'completed', refunded: 0, remains: null, start: 120 },
    { id: 2, status: 'partial', refunded: 0.525, remains: 300, start: 120 },
    { id: 3, status: 'canceled', refunded: 0, remains: 1000, start: 120 },
    { id: 4, status: 'canceled', refunded: 0, remains: 0, start: null },
    { id: 6, status: 'failed', refunded: 0, remains: 0, start: null },
    { id: 7, status: 'pending', refunded: 0, remains: 0, start: null },
    { id: 10, status: 'in_progress', refunded: 0, remains: null, start: null },
    { id: 11, status: 'in_progress', refunded: 0, remains: 300, start: null },
    { id: 15, status: 'canceled', refunded: 2.5, remains: 1000, start: 12 },
    { id: 16, status: 'partial', refunded: 0, remains: 0, start: 12 },
  ])

  const again = await paxyo([...args, '--dry-run'], env)
  expect(again.json()).toMatchObject({ imported: 0, alreadyThere: 10, rejected: 7 })
  expect((await paxyo(['audit'], env)).code).toBe(0)
})

test('a PHP panel whose ENUM has no value for canceled orders: they are canceled, and never pending', async () => {
  const { args } = exported('paxyo-php')
  expect((await paxyo(args, env)).json()).toMatchObject({ imported: 4, rejected: 0, warnings: [] })
  const { rows } = await database.owner.query(
    'SELECT order_id, user_id, status, refunded_elsewhere::float AS refunded FROM orders ORDER BY 1',
  )
  expect(rows).toEqual([
    { order_id: '5001', user_id: '-1500000001', status: 'canceled', refunded: 137.5 },
    { order_id: '5002', user_id: '-1500000001', status: 'canceled', refunded: 137.5 },
    { order_id: '5003', user_id: '700000001', status: 'canceled', refunded: 137.5 },
    { order_id: '5004', user_id: '700000001', status: 'in_progress', refunded: 0 },
  ])
})

test('without that map such rows are rejected', async () => {
  const { file } = exported('paxyo-php')
  const { statuses: _statuses, ...map } = JSON.parse(readFileSync(join(DATA, 'paxyo-php-map.json'), 'utf8')) as {
    statuses: unknown
  }
  const mapFile = join(dir, 'map.json')
  writeFileSync(mapFile, JSON.stringify(map))
  const run = await paxyo(['orders', 'import', file, '--map', mapFile, '--json'], env)
  expect(run.json()).toMatchObject({ imported: 2, rejected: 2 })
  expect(rejectedRows(file)).toEqual([
    [1, 'status: an empty one is unknown; add "" to the statuses of the map'],
    [2, 'status: NULL is unknown; add "NULL" to the statuses of the map'],
  ])
})

test('a dry run finds conflicts inside the file and with the database, in the order of the rows', async () => {
  const columns = 'orderId,providerOrderId,userId,quantity,charge,currency,status'
  const write = (name: string, ...rows: string[]): string => {
    const path = join(dir, name)
    writeFileSync(path, `${[columns, ...rows].join('\n')}\n`)
    return path
  }
  const there = write('there.csv', 'A-1,1,7,1000,2.5,USD,Pending')
  expect((await paxyo(['orders', 'import', there], env)).code).toBe(0)
  const file = write(
    'orders.csv',
    'A-1,1,7,1000,2.5,USD,Completed',
    'A-1,1,7,1000,3,USD,Pending',
    'A-2,1,7,1000,2.5,USD,Pending',
    'A-3,3,7,1000,2.5,EUR,Pending',
    'A-4,4,8,1000,2.5,EUR,Pending',
    'A-4,4,8,1000,2.50,EUR,Pending',
    'A-4,4,8,1000,2.6,EUR,Pending',
    'A-5,5,8,1000,2.5,USD,Pending',
    'A-6,4,9,1000,2.5,USD,Pending',
  )
  const reasons = [
    [2, 'order_conflict'],
    [3, 'provider_order_taken'],
    [4, 'currency_mismatch'],
    [7, 'order_conflict'],
    [8, 'currency_mismatch'],
    [9, 'provider_order_taken'],
  ]
  for (const mode of [['--dry-run'], []]) {
    const run = await paxyo(['orders', 'import', file, '--json', ...mode], env)
    expect(run.json()).toMatchObject({ imported: 1, alreadyThere: 2, rejected: 6 })
    expect(rejectedRows(file)).toEqual(reasons)
  }
})

test('a dry run of accounts finds conflicts, too', async () => {
  const there = join(dir, 'there.csv')
  writeFileSync(there, 'userId,balance,currency\n7,10,USD\n8,0,USD\n')
  expect((await paxyo(['accounts', 'import', there], env)).code).toBe(0)
  const file = join(dir, 'users.csv')
  writeFileSync(
    file,
    'userId,balance,currency\n7,10,USD\n7,11,USD\n8,5,EUR\n8,5,USD\n9,0,USD\n9,0,USD\n9,1,EUR\n9,2,USD\n9,3,USD\n',
  )
  for (const mode of [['--dry-run'], []]) {
    const run = await paxyo(['accounts', 'import', file, '--json', ...mode], env)
    expect(run.json()).toMatchObject({ imported: 3, alreadyThere: 2, rejected: 4 })
    expect(rejectedRows(file)).toEqual([
      [2, 'balance_conflict'],
      [3, 'currency_mismatch'],
      [7, 'currency_mismatch'],
      [9, 'balance_conflict'],
    ])
  }
})
