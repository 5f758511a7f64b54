import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import { appendAuditEntry } from '../src/audit-log/append-entry.ts'
import { chainAuditCalls } from '../src/audit-log/calls/chain-calls.ts'
import { deleteAuditCalls } from '../src/audit-log/calls/delete-calls.ts'
import { readCallsDeletedUntil } from '../src/audit-log/calls/deleted-calls.ts'
import { insertAuditCalls, type AuditCall } from '../src/audit-log/calls/insert-calls.ts'
import { readAuditCalls, type AuditCallsQuery } from '../src/audit-log/calls/read-calls.ts'
import { readAuditLog } from '../src/audit-log/read-log.ts'
import { verifyAuditLog } from '../src/audit-log/verify-log.ts'
import { createKysely } from '../src/connect.ts'
import type { DB as Database } from '../src/schema.generated.ts'

const RETENTION_DAYS = 90

let database: TestDatabase
let db: Kysely<Database>
beforeEach(async () => {
  database = await createTestDatabase()
  db = createKysely(database.poolAs('ingest', 8))
})
afterEach(async () => {
  await database[Symbol.asyncDispose]()
})

const TOKEN: AuditCall = {
  actor: 'pxk_0123456789ab',
  address: '203.0.113.7',
  action: 'mintToken',
  subject: '0f8b1c7b-e2a8-4630-957c-1e09b84fa26d',
  userId: 'ann',
  result: 'ok',
  after: null,
}
const ORDER: AuditCall = { ...TOKEN, action: 'registerOrder', subject: 'A-1', userId: null }
const BULK: AuditCall = {
  ...ORDER,
  action: 'registerOrders',
  subject: null,
  after: { registered: ['B-1', 'B-2'], order_conflict: ['B-3'] },
}

const record = (...calls: AuditCall[]) => database.poolAs('ingest', 1).query(insertAuditCalls(calls))
const chain = () => chainAuditCalls(database.poolAs('ingest', 1))
const verify = () => verifyAuditLog(db)
const list = (query: AuditCallsQuery = {}) => Array.fromAsync(readAuditCalls(db, query))

/** As who administers the database can: not even its owner can without that. */
const tamper = (statements: string) =>
  database.owner.query(`
    ALTER TABLE audit_log DISABLE TRIGGER USER;
    ALTER TABLE audit_call_groups DISABLE TRIGGER USER;
    ${statements};
    ALTER TABLE audit_log ENABLE TRIGGER USER;
    ALTER TABLE audit_call_groups ENABLE TRIGGER USER`)

/** Makes the last group, and its entry, older than they are. */
const makeOlder = (days: number) =>
  tamper(`
    UPDATE audit_call_groups SET chained_at = chained_at - interval '${days} days'
    WHERE position = (SELECT max(position) FROM audit_log);
    UPDATE audit_log SET at = at - interval '${days} days' WHERE position = (SELECT max(position) FROM audit_log);
    UPDATE audit_log SET hash = sha256(convert_to(concat_ws(',',
      audit_log_field(encode(previous_hash, 'hex')), audit_log_field(position::text),
      audit_log_field((extract(epoch FROM at) * 1000000)::bigint::text), audit_log_field(actor),
      audit_log_field(actor_name), audit_log_field(action), audit_log_field(subject), audit_log_field(note),
      audit_log_field(before::text), audit_log_field(after::text), audit_log_field(result), audit_log_field(address)
    ), 'UTF8')) WHERE position = (SELECT max(position) FROM audit_log)`)

test('calls are listed before and after they are chained, by a key, an order and a user', async () => {
  await record(TOKEN, ORDER)
  await chain()
  await record({ ...TOKEN, actor: 'pxk_other', userId: 'bob' }, BULK)

  const [bulk, bobs, order, anns] = await list()
  expect(bulk).toEqual({ ...BULK, position: null, at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/) })
  expect(order).toEqual({ ...ORDER, position: 1, at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/) })
  expect([bobs, anns]).toMatchObject([{ userId: 'bob' }, { userId: 'ann', position: 1 }])

  await chain()
  expect(await list({ actor: TOKEN.actor })).toMatchObject([{ ...BULK, position: 2 }, ORDER, TOKEN])
  expect(await list({ userId: 'ann' })).toMatchObject([TOKEN])
  expect(await list({ subject: 'B-3' })).toMatchObject([BULK])
  expect(await list({ actor: 'pxk_other', subject: 'A-1' })).toEqual([])
  expect(await verify()).toMatchObject({ entries: 2, calls: 4, problems: [] })
})

test('the entry of a group is by the database, and no list of what people did has it', async () => {
  await record(TOKEN)
  await chain()
  const entry = { actor: 'environment', actorName: 'environment', action: 'revokeKey', subject: 'k', note: null }
  await appendAuditEntry(db, { ...entry, before: null, after: null, result: 'ok', address: null })

  expect(await readAuditLog(db, { limit: 10 })).toMatchObject([{ position: 2 }])
  expect(await readAuditLog(db, { limit: 10, isComplete: true })).toMatchObject([
    { position: 2 },
    { actor: 'database', action: 'chainCalls', after: { calls: 1, digest: expect.stringMatching(/^[\da-f]{64}$/) } },
  ])
  expect(await readAuditLog(db, { limit: 10, action: 'chainCalls' })).toMatchObject([{ position: 1 }])
})

test('each call of concurrent transactions is chained once, by one of several processes', async () => {
  const pool = database.poolAs('ingest', 8)
  const subjects = Array.from({ length: 200 }, (_, index) => `A-${index}`)
  await Promise.all(
    subjects.map(async (subject, index) => {
      await pool.query(insertAuditCalls([{ ...TOKEN, subject, userId: `user-${index % 7}` }]))
      if (index % 10 === 0) await chainAuditCalls(pool)
    }),
  )
  await chainAuditCalls(pool)

  const calls = await list()
  expect(calls).toHaveLength(200)
  expect(new Set(calls.map(({ subject }) => subject))).toEqual(new Set(subjects))
  expect(await verify()).toMatchObject({ calls: 200, problems: [] })
  // A day may end in between.
  const { rows } = await database.owner.query('SELECT count(DISTINCT user_id)::int AS users FROM audit_call_users')
  expect(rows).toEqual([{ users: 7 }])
})

test('more calls than a group has are chained, and none while the oldest is young', async () => {
  await record(...Array.from({ length: 2_500 }, (_, index) => ({ ...ORDER, subject: `A-${index}` })))
  expect(await chainAuditCalls(database.poolAs('ingest', 1), 3_600_000)).toBe(0)
  expect(await chain()).toBe(2_500)
  expect(await verify()).toMatchObject({ entries: 3, calls: 2_500, problems: [] })
})

test('long calls share a group with fewer others', async () => {
  const orders = Array.from({ length: 250 }, (_, index) => `${index}`.padStart(1_000, 'x'))
  await record(...Array.from({ length: 7 }, () => ({ ...BULK, after: { registered: orders } })))
  expect(await chain()).toBe(7)
  const groups = await readAuditLog(db, { limit: 10, action: 'chainCalls' })
  // Each has 250 kB.
  expect(groups.map(({ after }) => after)).toMatchObject([{ calls: 1 }, { calls: 2 }, { calls: 2 }, { calls: 2 }])
  expect(await verify()).toMatchObject({ calls: 7, problems: [] })
})

test('whatever the texts are', async () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 50 }).map((value) => value.replaceAll('\0', ''))
  const calls = fc.record({
    actor: text,
    address: fc.option(text),
    action: text,
    subject: fc.option(text),
    userId: fc.option(text),
    result: text,
    after: fc.option(fc.dictionary(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })))),
  })
  const samples = fc.sample(calls, 100)
  await record(...samples)
  // A text of JSON may have line breaks; a service writes none.
  await database.owner.query(
    `INSERT INTO audit_calls (actor, action, result, after) VALUES ('a', 'a', 'ok', E'{\n"b":\r\n1}')`,
  )
  expect(await chain()).toBe(101)

  const [last, ...others] = await list()
  expect(last!.after).toEqual({ b: 1 })
  expect(others.toReversed().map(({ at: _at, position: _position, ...call }) => call)).toEqual(samples)
  expect(await verify()).toMatchObject({ entries: 1, calls: 101, problems: [] })
})

test('a service decides neither the time of a call nor its place, and removes and changes none', async () => {
  const ingest = database.poolAs('ingest')
  await record(TOKEN)
  for (const statement of [
    `INSERT INTO audit_calls (at, actor, action, result) VALUES ('2020-01-01', 'a', 'a', 'ok')`,
    `INSERT INTO audit_calls (call_id, actor, action, result) VALUES (-1, 'a', 'a', 'ok')`,
    'DELETE FROM audit_calls',
    `UPDATE audit_calls SET actor = 'another'`,
    `INSERT INTO audit_call_groups (position, calls, lines) VALUES (1, 1, '')`,
    'DELETE FROM audit_call_users',
  ]) {
    await expect(ingest.query(statement)).rejects.toThrow('permission denied')
  }
  await chain()
  for (const statement of [
    `UPDATE audit_call_groups SET lines = ''`,
    'TRUNCATE audit_call_groups',
    'UPDATE audit_calls SET actor = actor',
  ]) {
    await expect(database.owner.query(statement)).rejects.toThrow('append-only')
  }
  await expect(database.owner.query('DELETE FROM audit_call_groups')).rejects.toThrow('at least 7 days')
})

describe('a check of the log finds', () => {
  beforeEach(async () => {
    await record(TOKEN, ORDER)
    await chain()
    await record({ ...TOKEN, userId: 'bob' })
    await chain()
  })

  test('nothing before', async () => {
    expect(await verify()).toMatchObject({ calls: 3, problems: [] })
  })

  const GONE = 'entry 1: its calls are gone, and no deletion in the log accounts for them'
  test.each([
    [
      'a changed call',
      `UPDATE audit_call_groups SET lines = replace(lines, 'pxk_0123456789ab', 'pxk_another') WHERE position = 1`,
      ['entry 1: its calls were changed after they were chained'],
    ],
    [
      'a call that is gone',
      `UPDATE audit_call_groups SET lines = split_part(lines, E'\n', 2) WHERE position = 1`,
      ['entry 1: its calls were changed after they were chained'],
    ],
    ['a group that is gone', 'DELETE FROM audit_call_groups WHERE position = 1', [GONE]],
    [
      'a group that is gone, with a deletion that can not have been',
      `DELETE FROM audit_call_groups WHERE position = 1; ALTER TABLE audit_log ENABLE TRIGGER USER;
       INSERT INTO audit_log (actor, actor_name, action, after, result)
       VALUES ('database', 'database', 'deleteCalls', '{"through":1}', 'ok')`,
      [GONE],
    ],
    [
      'an added group',
      `INSERT INTO audit_call_groups (position, calls, lines) VALUES (99, 1, '[]')`,
      ['entry 99: it has calls that it does not account for'],
    ],
    [
      'a token that is said to be of another user',
      `UPDATE audit_call_users SET user_id = 'eve' WHERE user_id = 'ann'`,
      [expect.stringMatching(/^entry 1: the user \S{32} of its calls is unknown, and was not erased$/)],
    ],
    [
      'a token whose user is hidden',
      `DELETE FROM audit_call_users WHERE user_id = 'bob'`,
      [expect.stringMatching(/^entry 2: the user \S{32} of its calls is unknown, and was not erased$/)],
    ],
  ])('%s', async (_title, statements, problems) => {
    await tamper(statements)
    expect((await verify()).problems).toEqual(problems)
  })
})

describe('after their retention', () => {
  beforeEach(async () => {
    await record(TOKEN)
    await chain()
    await makeOlder(RETENTION_DAYS + 2)
    await database.owner.query(`UPDATE audit_call_users SET day = day - ${RETENTION_DAYS + 2}`)
    await record(ORDER, { ...TOKEN, userId: 'bob' })
    await chain()
  })

  test('calls are deleted, their entries stay, and the chain holds', async () => {
    expect(await verify()).toMatchObject({ calls: 3, problems: [] })
    expect(await readCallsDeletedUntil(db)).toBe(undefined)
    const { at } = (await list({ userId: 'ann' }))[0]!
    expect([
      await deleteAuditCalls(database.owner, RETENTION_DAYS),
      await deleteAuditCalls(database.owner, RETENTION_DAYS),
    ]).toEqual([1, 0])

    expect(await verify()).toMatchObject({ entries: 3, calls: 2, problems: [] })
    expect(await list()).toMatchObject([{ userId: 'bob' }, ORDER])
    expect(await readCallsDeletedUntil(db)).toBe(at)
    const { rows } = await database.owner.query('SELECT user_id FROM audit_call_users')
    expect(rows).toEqual([{ user_id: 'bob' }])
    expect(await readAuditLog(db, { action: 'deleteCalls', limit: 10 })).toMatchObject([
      { actor: 'database', after: { through: 1, groups: 1, calls: 1 } },
    ])
  })

  test('a later group that is gone is found', async () => {
    await deleteAuditCalls(database.owner, RETENTION_DAYS)
    await tamper('DELETE FROM audit_call_groups')
    expect((await verify()).problems).toEqual([
      'entry 2: its calls are gone, and no deletion in the log accounts for them',
    ])
  })
})
