import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from '@jest/globals'
import { createTestDatabase, startMariaDb, type MariaDb, type TestDatabase } from '@paxyo/testkit'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paxyo } from '../paxyo.ts'

// The queries and maps of infra/docs/how-to/export-orders.md, on tables with the layouts of these panels.

const GUIDE = readFileSync(new URL('../../../../infra/docs/how-to/export-orders.md', import.meta.url), 'utf8')
const blockOf = (language: string, name: string): string =>
  new RegExp(`^\`\`\`${language} ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(GUIDE)![1]!

let mysql: MariaDb
let dir: string
let database: TestDatabase
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'paxyo-panel-scripts-'))
  mysql = await startMariaDb()
})
afterAll(async () => {
  await mysql[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => database[Symbol.asyncDispose]())

/** Runs a query that writes a file. @returns the file's path. */
function exportOrders(schema: string, query: string, name: string): string {
  const file = join(mysql.exportDir, `${name}.txt`)
  mysql.run(`USE ${schema};\n${query.replace('/var/lib/mysql-files/orders.txt', file)}`)
  chmodSync(file, 0o644)
  return file
}

async function importOrders(file: string, map: string, ...options: string[]) {
  const mapFile = join(dir, 'map.json')
  writeFileSync(mapFile, blockOf('json', map))
  const report = join(dir, 'rejected.ndjson')
  const args = ['orders', 'import', file, '--map', mapFile, '--report', report, '--json', ...options]
  return (await paxyo(args, { DATABASE_URL: database.url })).json()
}

const readOrders = async (): Promise<unknown[]> => {
  const { rows } = await database.owner.query(
    `SELECT order_id::int AS id, user_id AS user, service, status, charge::float, refunded_elsewhere::float AS refunded,
       remains::int, start_count::int AS start FROM orders ORDER BY 1`,
  )
  return rows
}

const SMARTPANEL = `
  CREATE DATABASE smartpanel; USE smartpanel;
  CREATE TABLE services (id INT PRIMARY KEY, name TEXT, price DECIMAL(15,4));
  CREATE TABLE orders (
    id INT PRIMARY KEY, ids TEXT, type ENUM('direct', 'api') DEFAULT 'direct', uid INT, cate_id INT, service_id INT,
    api_provider_id INT, api_service_id VARCHAR(200), api_order_id INT DEFAULT 0, link TEXT, quantity VARCHAR(50),
    charge DECIMAL(15,4), formal_charge DECIMAL(15,4), profit DECIMAL(15,4),
    status ENUM('active', 'completed', 'processing', 'inprogress', 'pending', 'partial', 'canceled', 'refunded', 'awaiting',
      'error', 'fail') DEFAULT 'pending',
    start_counter VARCHAR(191) DEFAULT '0', remains VARCHAR(191) DEFAULT '0', note TEXT, changed DATETIME, created DATETIME);
  INSERT INTO services VALUES (5, 'Followers', 2.5);
  INSERT INTO orders (id, uid, service_id, api_provider_id, api_order_id, link, quantity, charge, status, start_counter, remains, created)
  VALUES
    (1, 7, 5, 1, 70001, 'https://example.com/a', '1000', 2.5, 'completed', '120', '+5', '2026-01-01 12:00:00'),
    (2, 7, 5, 1, 70002, 'https://example.com/b', '1000', 1.75, 'partial', '120', '300', '2026-01-01 12:00:00'),
    (3, 7, 5, 1, 70003, 'https://example.com/c', '999', 1.665, 'partial', '120', '333', '2026-01-01 12:00:00'),
    (4, 8, 5, 1, 70004, 'https://example.com/d', '2000', 0, 'canceled', '', '2000', '2026-01-01 12:00:00'),
    (5, 8, 9, 1, 70005, 'https://example.com/e', '1000', 0, 'refunded', '', '0', '2026-01-01 12:00:00'),
    (6, 8, 5, 1, 70006, 'https://example.com/f', '1000', 2.5, 'inprogress', 'N/A', '900', '2026-01-01 12:00:00'),
    (7, 8, 5, 1, -1, 'https://example.com/g', '1000', 2.5, 'error', '', '0', '2026-01-01 12:00:00'),
    (8, 8, 5, 2, 70001, 'https://example.com/h', '1000', 2.5, 'inprogress', '', '0', '2026-01-01 12:00:00');`

test('SmartPanel: the original charges are restored', async () => {
  mysql.run(SMARTPANEL)
  const query = blockOf('sql', 'smartpanel.sql')
  const lowered = query.replace(/CASE[^]*END AS charge/, 'o.charge')
  const dryRun = await importOrders(exportOrders('smartpanel', lowered, 'lowered'), 'smartpanel-map.json', '--dry-run')
  expect(dryRun).toMatchObject({
    warnings: expect.arrayContaining([
      expect.objectContaining({ warning: 'canceled_charge_zero', rows: 2 }),
      expect.objectContaining({ warning: 'partial_charge_lowered', rows: 2 }),
    ]),
  })

  const file = exportOrders('smartpanel', query, 'smartpanel')
  expect(await importOrders(file, 'smartpanel-map.json')).toMatchObject({
    rows: 7,
    imported: 6,
    rejected: 1,
    // A service that was deleted has no price.
    warnings: [
      { warning: 'remains_left_out', firstRows: [1] },
      { warning: 'start_count_left_out', firstRows: [6] },
      { warning: 'canceled_charge_zero', firstRows: [5] },
    ],
  })
  const followers = { service: 'Followers', remains: 0, start: null }
  expect(await readOrders()).toEqual([
    { ...followers, id: 1, user: '7', status: 'completed', charge: 2.5, refunded: 0, remains: null, start: 120 },
    { ...followers, id: 2, user: '7', status: 'partial', charge: 2.5, refunded: 0.75, remains: 300, start: 120 },
    {
      ...followers,
      id: 3,
      user: '7',
      status: 'partial',
      charge: 2.4938,
      refunded: 0.83126666,
      remains: 333,
      start: 120,
    },
    { ...followers, id: 4, user: '8', status: 'canceled', charge: 5, refunded: 5, remains: 2000 },
    { ...followers, id: 5, user: '8', service: '', status: 'canceled', charge: 0, refunded: 0 },
    { ...followers, id: 6, user: '8', status: 'in_progress', charge: 2.5, refunded: 0, remains: 900 },
  ])
})

const LARAVEL = `
  CREATE DATABASE laravel; USE laravel;
  CREATE TABLE services (id BIGINT UNSIGNED PRIMARY KEY, service_title VARCHAR(191), api_provider_id INT);
  CREATE TABLE orders (
    id BIGINT UNSIGNED PRIMARY KEY, user_id INT, category_id INT, service_id INT, api_order_id INT NULL, api_refill_id INT NULL,
    link VARCHAR(255), quantity INT, price DECIMAL(18,8), status VARCHAR(20) NULL, refill_status VARCHAR(20) NULL,
    status_description TEXT NULL, reason TEXT NULL, agree TINYINT(1), start_counter INT NULL, remains INT NULL, runs INT NULL,
    \`interval\` INT NULL, drip_feed TINYINT(1), added_on DATETIME NULL, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL);
  INSERT INTO services VALUES (5, 'Followers', 1), (6, 'Likes', 2);
  INSERT INTO orders (id, user_id, service_id, api_order_id, link, quantity, price, status, start_counter, remains, created_at)
  VALUES
    (1, 7, 5, 70001, 'https://example.com/a', 1000, 2.5, 'awaiting', NULL, NULL, '2026-01-01 12:00:00'),
    (2, 7, 5, 70002, 'https://example.com/b', 1000, 2.5, 'progress', 120, 400, '2026-01-01 12:00:00'),
    (3, 7, 5, 70003, 'https://example.com/c', 1000, 2.5, 'partial', 120, 300, '2026-01-01 12:00:00'),
    (4, 7, 5, 70004, 'https://example.com/d', 1000, 2.5, 'refunded', 120, NULL, '2026-01-01 12:00:00'),
    (5, 7, 5, NULL, 'https://example.com/e', 1000, 2.5, 'pending', NULL, NULL, '2026-01-01 12:00:00'),
    (6, 7, 5, 70006, 'https://example.com/f', 1000, 2.5, NULL, NULL, NULL, '2026-01-01 12:00:00'),
    (7, 7, 6, 70001, 'https://example.com/g', 1000, 2.5, 'pending', NULL, NULL, '2026-01-01 12:00:00');`

test('a Laravel panel', async () => {
  mysql.run(LARAVEL)
  const file = exportOrders('laravel', blockOf('sql', 'laravel.sql'), 'laravel')
  expect(await importOrders(file, 'laravel-map.json')).toMatchObject({
    rows: 6,
    imported: 4,
    rejected: 2,
    warnings: [],
  })
  const order = { user: '7', service: 'Followers', charge: 2.5, refunded: 0, start: 120 }
  expect(await readOrders()).toEqual([
    { ...order, id: 1, status: 'pending', remains: null, start: null },
    { ...order, id: 2, status: 'in_progress', remains: 400 },
    { ...order, id: 3, status: 'partial', remains: 300, refunded: 0.75 },
    { ...order, id: 4, status: 'canceled', remains: null, refunded: 2.5 },
  ])
  const { rows } = await database.owner.query(`SELECT created_at FROM orders WHERE order_id = '1'`)
  expect(rows).toEqual([{ created_at: new Date('2026-01-01T12:00:00Z') }])
})

const PHP_ENUM = `
  CREATE DATABASE php_enum; USE php_enum;
  CREATE TABLE orders (
    id INT PRIMARY KEY, user_id BIGINT, api_order_id INT, service_id INT, service_name VARCHAR(255), link TEXT, quantity INT,
    charge DECIMAL(10,2),
    status ENUM('pending', 'processing', 'in_progress', 'completed', 'partial', 'canceled') NULL DEFAULT 'pending',
    remains INT DEFAULT 0, start_count INT DEFAULT 0, created_at TIMESTAMP NULL);
  SET sql_mode = '';
  INSERT INTO orders (id, user_id, api_order_id, service_name, link, quantity, charge, status, remains, created_at)
  VALUES
    (5001, -1500000001, 880001, 'Followers', 'https://example.com/a', 1000, 137.5, 'cancelled', 1000, '2026-01-01 12:00:00'),
    (5002, -1500000001, 880002, 'Followers', 'https://example.com/b', 1000, 137.5, NULL, 0, '2026-01-01 12:00:00'),
    (5003, 700000001, 880003, 'Followers', 'https://example.com/c', 1000, 137.5, 'Refunded', 1000, '2026-01-01 12:00:00'),
    (5004, 700000001, 880004, 'Followers', 'https://example.com/d', 1000, 137.5, 'in_progress', 0, '2026-01-01 12:00:00');`

test('a PHP panel whose status is an ENUM', async () => {
  mysql.run(PHP_ENUM)
  const count = GUIDE.slice(GUIDE.indexOf('SELECT status, COUNT')).split(';')[0]!
  expect(mysql.run(`USE php_enum; ${count}`)).toContain('\t2\t1000\t1000')

  const file = exportOrders('php_enum', blockOf('sql', 'php-enum.sql'), 'php-enum')
  expect(await importOrders(file, 'php-enum-map.json')).toMatchObject({ rows: 4, imported: 4, warnings: [] })
  const order = { service: 'Followers', charge: 137.5, start: 0 }
  expect(await readOrders()).toEqual([
    { ...order, id: 5001, user: '-1500000001', status: 'canceled', refunded: 137.5, remains: 1000 },
    { ...order, id: 5002, user: '-1500000001', status: 'pending', refunded: 0, remains: 0 },
    { ...order, id: 5003, user: '700000001', status: 'canceled', refunded: 137.5, remains: 1000 },
    { ...order, id: 5004, user: '700000001', status: 'in_progress', refunded: 0, remains: 0 },
  ])
})
