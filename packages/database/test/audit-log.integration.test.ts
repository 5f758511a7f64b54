import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import fc from 'fast-check'
import { appendAuditEntry, type AuditEntry } from '../src/audit-log/append-entry.ts'
import { readAuditHead, readAuditLog } from '../src/audit-log/read-log.ts'
import { signAuditHead } from '../src/audit-log/sign-log.ts'
import { auditSigningKey } from '../src/audit-log/signing-key.ts'
import { verifyAuditLog } from '../src/audit-log/verify-log.ts'
import { createKysely } from '../src/connect.ts'
import { isRetryable } from '../src/database-errors.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const ENTRY: AuditEntry = {
  actor: 'opr_0123456789ab',
  actorName: 'Ann',
  action: 'actOnOrder',
  subject: 'A-1',
  note: 'lost',
  before: { status: 'pending' },
  after: { status: 'canceled', refund: '2.5' },
  result: 'ok',
  address: '203.0.113.7',
}

test('each entry has the hash of the one before, whatever the texts are', async () => {
  const db = createKysely(database.poolAs('ingest'))
  const text = fc.string({ unit: 'grapheme', maxLength: 50 }).map((value) => value.replaceAll('\0', ''))
  const entries = fc.record({
    actor: text,
    actorName: text,
    action: text,
    subject: fc.option(text),
    note: fc.option(text),
    before: fc.option(fc.dictionary(fc.string({ unit: 'grapheme-ascii' }), fc.double({ noNaN: true }))),
    after: fc.constant({ '1:': ',2:' }),
    result: text,
    address: fc.option(text),
  })
  const samples = fc.sample(entries, 100)
  for (const entry of samples) await appendAuditEntry(db, entry)

  const check = await verifyAuditLog(db)
  expect(check).toMatchObject({ entries: 100, head: await readAuditHead(db), problems: [] })
  expect(await verifyAuditLog(db, { known: check.head })).toEqual(check)
  const newest = await readAuditLog(db, { limit: 1 })
  expect(newest).toMatchObject([{ position: 100, actorName: samples[99]!.actorName, after: { '1:': ',2:' } }])
})

test('entries of concurrent transactions form one chain', async () => {
  const db = createKysely(database.poolAs('ingest', 8))
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => appendAuditEntry(db, { ...ENTRY, subject: `A-${index}` })),
  )
  expect(await verifyAuditLog(db)).toMatchObject({ entries: 200, problems: [] })
  const { rows } = await database.owner.query(
    `SELECT count(*) FROM (SELECT at < lag(at) OVER (ORDER BY position) AS is_back FROM audit_log) AS t WHERE is_back`,
  )
  expect(rows).toEqual([{ count: '0' }])
})

test('an entry does not wait for a transaction that holds the end of the chain; it can be retried', async () => {
  const holder = await database.owner.connect()
  const db = createKysely(database.poolAs('ingest'))
  try {
    await holder.query(`BEGIN; INSERT INTO audit_log (actor, actor_name, action, result) VALUES ('a', 'a', 'a', 'ok')`)
    const error = await appendAuditEntry(db, ENTRY).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: '55P03' })
    expect(isRetryable(error)).toBe(true)
  } finally {
    await holder.query('COMMIT')
    holder.release()
  }
  await appendAuditEntry(db, ENTRY)
  expect(await verifyAuditLog(db)).toMatchObject({ entries: 2, problems: [] })
})

test('an entry decides neither its place nor its time or hash', async () => {
  const ingest = database.poolAs('ingest')
  await ingest.query(`
    INSERT INTO audit_log (position, at, actor, actor_name, action, result, previous_hash, hash)
    VALUES (99, '2020-01-01', 'a', 'a', 'a', 'ok', 'x', 'y')`)
  expect(await verifyAuditLog(createKysely(ingest))).toMatchObject({ entries: 1, problems: [] })
  const [entry] = await readAuditLog(createKysely(ingest), { limit: 1 })
  expect(entry!.at.getFullYear()).toBeGreaterThan(2020)
})

const TAMPERED = [
  ['a changed amount', `UPDATE audit_log SET after = '{"refund":"1"}' WHERE position = 3`, ['entry 3: it was changed']],
  ['a changed author', `UPDATE audit_log SET actor_name = 'Eve' WHERE position = 3`, ['entry 3: it was changed']],
  [
    'a removed entry',
    'DELETE FROM audit_log WHERE position = 3',
    ['entry 4: the entry before it is missing', 'entry 4: it does not follow'],
  ],
  [
    'two entries that changed places',
    `UPDATE audit_log SET position = 9 WHERE position = 3; UPDATE audit_log SET position = 3 WHERE position = 4;
     UPDATE audit_log SET position = 4 WHERE position = 9`,
    ['entry 3: it does not', 'entry 3: it was', 'entry 4: it does not', 'entry 4: it was', 'entry 5: it does not'],
  ],
] as const

test.each(TAMPERED)('%s breaks the chain, and no login may do it', async (_title, statements, problems) => {
  const db = createKysely(database.poolAs('ingest'))
  for (let index = 1; index <= 5; index += 1) await appendAuditEntry(db, { ...ENTRY, subject: `A-${index}` })
  await expect(database.owner.query(statements)).rejects.toThrow('append-only')
  await expect(database.poolAs('ingest').query(statements)).rejects.toThrow('permission denied')

  // Only who administers the database can.
  await database.owner.query(`ALTER TABLE audit_log DISABLE TRIGGER USER; ${statements}`)
  const check = await verifyAuditLog(db)
  expect(check.problems).toEqual(problems.map((problem) => expect.stringContaining(problem)))
})

test('a removed end is found with a head that was noted before', async () => {
  const db = createKysely(database.poolAs('ingest'))
  for (let index = 1; index <= 5; index += 1) await appendAuditEntry(db, { ...ENTRY, subject: `A-${index}` })
  const head = await readAuditHead(db)
  await database.owner.query(`ALTER TABLE audit_log DISABLE TRIGGER USER; DELETE FROM audit_log WHERE position > 3`)
  expect((await verifyAuditLog(db)).problems).toEqual([])
  expect((await verifyAuditLog(db, { known: head })).problems).toEqual([
    expect.stringContaining('entry 5: it is not the one'),
  ])
})

describe('signatures', () => {
  const SECRET = 'b3f1c7d92a8e4056f1d3b7a9c2e48d60'
  const KEY = auditSigningKey(SECRET).publicKey
  const DAY_MS = 86_400_000
  const now = new Date('2026-11-27T03:17:00.123Z')
  const at = (days: number): Date => new Date(now.getTime() + days * DAY_MS)

  /** A signature of the third of five entries, and one of the fifth a day later. */
  async function signTwice() {
    const db = createKysely(database.poolAs('ingest'))
    const owner = createKysely(database.owner)
    for (let index = 1; index <= 3; index += 1) await appendAuditEntry(db, { ...ENTRY, subject: `A-${index}` })
    const signed = await signAuditHead(owner, SECRET, now)
    expect(signed?.hash).toBe((await readAuditHead(db))!.hash)
    for (let index = 4; index <= 5; index += 1) await appendAuditEntry(db, { ...ENTRY, subject: `A-${index}` })
    expect(await signAuditHead(owner, SECRET, at(0.5))).toBeUndefined()
    expect(await signAuditHead(owner, SECRET, at(1))).toBeDefined()
    return { db, owner }
  }

  test('are made once a day, and none while the log is empty', async () => {
    expect(await signAuditHead(createKysely(database.owner), SECRET, now)).toBeUndefined()
    const { db } = await signTwice()
    const signed = { entries: 5, signatures: 2, signedAt: at(1).toISOString() }
    expect(await verifyAuditLog(db, { publicKeys: [KEY] })).toMatchObject({ ...signed, problems: [] })
    expect(await verifyAuditLog(db)).toMatchObject({ ...signed, problems: [] })
  })

  test('find a removed end, and a log that was written again with right hashes', async () => {
    const { db, owner } = await signTwice()
    const missing = (position: number) => expect.stringContaining(`entry ${position}: it is not the one`)
    await database.owner.query(`ALTER TABLE audit_log DISABLE TRIGGER USER; DELETE FROM audit_log WHERE position > 3`)
    expect((await verifyAuditLog(db)).problems).toEqual([missing(5)])

    await database.owner.query(`DELETE FROM audit_log; ALTER TABLE audit_log ENABLE TRIGGER USER`)
    for (let index = 1; index <= 5; index += 1) await appendAuditEntry(owner, { ...ENTRY, subject: 'B-1' })
    expect((await verifyAuditLog(db)).problems).toEqual([missing(3), missing(5)])
  })

  test('of another key, or of another time, are found', async () => {
    const { db } = await signTwice()
    const other = auditSigningKey('another-secret-of-somebody-else!').publicKey
    expect((await verifyAuditLog(db, { publicKeys: [other] })).problems).toEqual(
      [now, at(1)].map((time) => `the signature of ${time.toISOString()}: its key ${KEY} is not known`),
    )
    await database.owner.query(`
      ALTER TABLE audit_log_signatures DISABLE TRIGGER USER;
      UPDATE audit_log_signatures SET signed_at = signed_at + interval '1 hour' WHERE position = 5`)
    expect((await verifyAuditLog(db, { publicKeys: [KEY] })).problems).toEqual([
      expect.stringContaining('it is forged'),
    ])
  })

  test.each([
    'DELETE FROM audit_log_signatures',
    'UPDATE audit_log_signatures SET position = 1',
    'TRUNCATE audit_log_signatures',
  ])('are only ever added, and by the owner: %s', async (statement) => {
    await signTwice()
    await expect(database.owner.query(statement)).rejects.toThrow('append-only')
    const ingest = database.poolAs('ingest')
    await expect(ingest.query(statement)).rejects.toThrow('permission denied')
    await expect(signAuditHead(createKysely(ingest), SECRET, at(3))).rejects.toThrow('permission denied')
  })
})
