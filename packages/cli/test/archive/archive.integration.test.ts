import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { TestDatabase } from '@paxyo/testkit'
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countDeliveries, createDatabaseWithDay, DAY, destroyKeys, run as runWith } from './archive-sample.ts'

let database: TestDatabase
let folder: string
beforeEach(async () => {
  database = await createDatabaseWithDay()
  folder = await mkdtemp(join(tmpdir(), 'paxyo-archive-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
  await database[Symbol.asyncDispose]()
})

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runWith(args, { DATABASE_URL: database.url, ARCHIVE_DIR: folder, ...env })
const count = (condition: string): Promise<number> => countDeliveries(database, condition)

test('archive writes the days that end next, and shows the deliveries of an order', async () => {
  const file = join(folder, `${DAY}.ndjson.gz`)
  expect(await run(['archive'])).toMatchObject({ code: 0, out: `${file}\n` })
  expect(await count('body IS NOT NULL')).toBe(1)

  const line = /^2024-02-26.* {2}d-1 {2}applied {2}\{"order":23501\}\n$/
  for (const order of ['A-1', '23501']) expect((await run(['archive', 'show', order])).out).toMatch(line)
  const { out } = await run(['archive', 'show', 'A-1', '--json'])
  expect(JSON.parse(out)).toMatchObject({
    deliveries: [{ delivery_id: 'd-1', order_id: 'A-1', body: '{"order":23501}', is_erased: false }],
    unfinished: [],
  })
  expect((await run(['archive', 'show', 'A-2'])).out).toBe('The archive has no delivery of this order.\n')

  await destroyKeys(database)
  expect((await run(['archive', 'show', 'A-1'])).out).toMatch(/ {2}d-1 {2}applied {2}the user was erased\n$/)
})

test('maintain archives a body before it removes it, and the delivery before it drops it', async () => {
  const first = await run(['maintain'], { DELIVERY_RETENTION_DAYS: '9999' })
  expect(first).toMatchObject({ code: 0, err: '' })
  expect(first.out).toContain(`Days without the bodies of their deliveries: ${DAY}; single bodies deleted: 0.\n`)
  expect([await count('body IS NULL'), await count('true')]).toEqual([1, 1])
  expect((await run(['archive', 'show', 'A-1'])).out).toContain('{"order":23501}')

  expect((await run(['maintain'])).out).toContain(`dropped: ${DAY}.`)
  expect(await count('true')).toBe(0)
  expect((await run(['archive', 'show', 'A-1'])).out).toContain('{"order":23501}')
})

test('a damaged file, a file without a checksum and a missing setting are named', async () => {
  await run(['archive'])
  await appendFile(join(folder, `${DAY}.ndjson.gz`), 'x')
  const damaged = await run(['archive', 'show', 'A-1'])
  expect(damaged.code).toBe(5)
  expect(damaged.err).toMatch(/^paxyo: \S+ does not match its checksum\n/)

  await writeFile(join(folder, 'deliveries_2024_02_27.ndjson.gz'), 'half of a fi')
  const unfinished = await run(['archive', 'show', 'A-2'])
  expect(unfinished.out).toContain('deliveries_2024_02_27.ndjson.gz was not read: it has no checksum')
  const missing = await run(['archive'], { ARCHIVE_DIR: '' })
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('ARCHIVE_DIR')])
})

test('maintain checks the archive also when there is nothing to archive', async () => {
  await database.owner.query(`DROP TABLE ${DAY}`)
  expect(await run(['maintain'])).toMatchObject({ code: 0, err: '' })
  expect(await readdir(folder)).toEqual(['last-check.txt'])
  const wrong = await run(['maintain'], { ARCHIVE_DIR: join(folder, 'last-check.txt') })
  expect(wrong).toMatchObject({ code: 3, out: '', err: expect.stringContaining('paxyo: the archive /') })
})

test('an archive that fails is named as such, and all work but the deletion of deliveries is done', async () => {
  await database.owner.query(
    `INSERT INTO connection_cutoffs (user_id, set_at, disconnected_at)
     SELECT 'user-1', past, past FROM (SELECT now() - interval '500 days' AS past) AS times`,
  )
  const file = join(folder, 'not a folder')
  await writeFile(file, '')
  const full = await run(['maintain'], { ARCHIVE_DIR: join(file, 'archive') })
  expect(full.code).not.toBe(0)
  expect(full.err).toContain(`the archive ${join(file, 'archive')}: ENOTDIR`)
  const away = await run(['maintain'], {
    ARCHIVE_DIR: '',
    ARCHIVE_S3_BUCKET: 'paxyo',
    ARCHIVE_S3_ENDPOINT: 'http://127.0.0.1:1',
    ARCHIVE_S3_ACCESS_KEY_ID: 'a-key',
    ARCHIVE_S3_SECRET_ACCESS_KEY: 'a-secret-of-the-archive',
  })
  expect(away).toMatchObject({ code: 3, out: '' })
  expect(away.err).toMatch(
    /^paxyo: connection refused at 127.0.0.1:1: the store of the archive does not listen there\n/,
  )
  expect(away.err).not.toContain('a-secret')
  expect(await count('body IS NOT NULL')).toBe(1)
  const { rows } = await database.owner.query(
    'SELECT (SELECT count(*)::int FROM connection_cutoffs) AS cutoffs, (SELECT count(*)::int FROM maintenance_runs) AS runs',
  )
  // The one of the migration: PaxyoMaintenanceFailing counts from it while no run does everything.
  expect(rows).toEqual([{ cutoffs: 0, runs: 1 }])
})
