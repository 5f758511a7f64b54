import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommandLine } from '../../src/run-command-line.ts'

const DAY = 'deliveries_2024_02_26'

let database: TestDatabase
let folder: string
beforeEach(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'paxyo-archive-'))
  await database.owner.query(`
    CREATE TABLE ${DAY} PARTITION OF deliveries FOR VALUES FROM ('2024-02-26Z') TO ('2024-02-27Z');
    INSERT INTO accounts (user_id, currency) VALUES ('user-1', 'USD');
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
    VALUES ('A-1', 'godofpanel', '23501', 'user-1', 'followers', 'https://instagram.com/somebody', 1000, 2.5);
    INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
    VALUES ('d-1', 'godofpanel', '23501', '{"order":23501}', 'applied', '2024-02-26T12:00:00Z')`)
})
afterEach(async () => {
  await rm(folder, { recursive: true })
  await database[Symbol.asyncDispose]()
})

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const written = { out: '', err: '' }
  const code = await runCommandLine(args, {
    env: { DATABASE_URL: database.url, ARCHIVE_DIR: folder, ...env },
    signal: new AbortController().signal,
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    isWatched: false,
    style: (_style, text) => text,
    styleErr: (_style, text) => text,
  })
  return { code, ...written }
}

const count = async (condition: string): Promise<number> =>
  (await database.owner.query<{ count: number }>(`SELECT count(*)::int FROM deliveries WHERE ${condition}`)).rows[0]!
    .count

test('archive writes the days that end next, and shows the deliveries of an order', async () => {
  const file = join(folder, `${DAY}.ndjson.gz`)
  expect(await run(['archive'])).toMatchObject({ code: 0, out: `${file}\n` })
  expect(await count('body IS NOT NULL')).toBe(1)

  const line = /^2024-02-26.* {2}d-1 {2}applied {2}\{"order":23501\}\n$/
  for (const order of ['A-1', '23501']) expect((await run(['archive', 'show', order])).out).toMatch(line)
  const { out } = await run(['archive', 'show', 'A-1', '--json'])
  expect(JSON.parse(out)).toMatchObject({
    deliveries: [{ delivery_id: 'd-1', order_id: 'A-1', body: '{"order":23501}', is_erased: false }],
  })
  expect((await run(['archive', 'show', 'A-2'])).out).toBe('The archive has no delivery of this order.\n')

  await database.owner.query('UPDATE archive_keys SET user_id = NULL, key = NULL, destroyed_at = now()')
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

test('a damaged file and a missing setting are named', async () => {
  await run(['archive'])
  await appendFile(join(folder, `${DAY}.ndjson.gz`), 'x')
  const damaged = await run(['archive', 'show', 'A-1'])
  expect([damaged.code === 0, damaged.err]).toEqual([false, expect.stringContaining('does not match its checksum')])
  const missing = await run(['archive'], { ARCHIVE_DIR: '' })
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('ARCHIVE_DIR')])
})
