import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { insertAllSamples, insertSample } from './sample-rows.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

test('the database itself puts every refund into the feed, one row a statement, and nothing else', async () => {
  await insertAllSamples(database.owner)
  await insertSample(database.owner, 'ledger_entries', {
    entry_id: '00000000-0000-7000-8000-0000000000d1',
    kind: 'deposit',
    order_id: null,
    refunded_before: null,
    refunded_after: null,
  })
  // As the service, which may not write into the feed itself.
  const ids = ['00000000-0000-7000-8000-0000000000b2', '00000000-0000-7000-8000-0000000000a3']
  await database.poolAs('ingest').query(
    `INSERT INTO ledger_entries
       (entry_id, user_id, kind, order_id, amount, balance_after, refunded_before, refunded_after, created_at)
     SELECT id, 'user-1', 'refund', 'A-1', 0.1, 1, 1 + n, 1.1 + n, now()
     FROM unnest($1::uuid[]) WITH ORDINALITY AS given (id, n)`,
    [ids],
  )

  const { rows } = await database.owner.query('SELECT entry_ids, last_position FROM refund_feed ORDER BY feed_id')
  expect(rows).toEqual([
    { entry_ids: ['00000000-0000-7000-8000-000000000001'], last_position: null },
    { entry_ids: ids, last_position: null },
  ])
})
