import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { auditLedger, type AuditResult } from '../../src/audit/audit-ledger.ts'
import { AUDIT_CHECKS } from '../../src/audit/checks.ts'
import { generateLedger } from './generate-ledger.ts'

const LIMITS = { rowsMax: 5, outboxAgeS: 60, parkedAgeS: 86_400, reviewAgeS: 7 * 86_400 }

let intact: TestDatabase
beforeAll(async () => {
  intact = await createTestDatabase()
  await generateLedger(intact.owner, { orders: 60, users: 3 })
})
afterAll(async () => intact[Symbol.asyncDispose]())

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase(intact)
})
afterEach(async () => database[Symbol.asyncDispose]())

/** On a separate connection, like every audit. */
async function audit(limits = LIMITS): Promise<AuditResult> {
  const client = await database.owner.connect()
  try {
    await client.query('SET ROLE paxyo_ingest')
    return await auditLedger({ query: async (text) => (await client.query(text)).rows as never }, limits)
  } finally {
    client.release(true)
  }
}

const found = ({ checks }: AuditResult): Record<string, string[]> =>
  Object.fromEntries(
    checks.filter(({ count }) => count > 0).map(({ check, rows }) => [check, rows.map((row) => row.subject)]),
  )

/** Changes what nothing can change: as a superuser, with every trigger and foreign key off. */
async function damage(sql: string): Promise<void> {
  const client = await database.owner.connect()
  try {
    await client.query(`SET session_replication_role = replica; ${sql}`)
  } finally {
    client.release(true)
  }
}

test('books that agree are clean', async () => {
  const result = await audit()
  expect(found(result)).toEqual({})
  expect(result).toMatchObject({ isClean: true, size: { orders: 60, accounts: 3, ledgerEntries: 33, events: 123 } })
})

test('a person who sets a status without a refund has decided so', async () => {
  await damage(`
    UPDATE orders SET status = 'canceled' WHERE order_id = 'A-6';
    INSERT INTO reviews (review_id, order_id, delivery_id, reason, opened_at, resolved_at, resolved_by, resolved_with,
      resolution, resolution_note, resolution_status)
    SELECT gen_random_uuid(), 'A-6', delivery_id, 'contradiction', now(), now(), 'ana', 'environment', 'set_status',
      'paid by bank', 'canceled'
    FROM deliveries LIMIT 1`)
  expect(found(await audit())).toEqual({})
})

// Order A-0 is canceled, A-3 partial, A-6 completed; all are of user-0, whose newest seq is 41.
const DAMAGES: readonly [what: string, sql: string, finds: Record<string, string[]>][] = [
  ['an order says more than its ledger', `UPDATE orders SET refunded = 1 WHERE order_id = 'A-6'`, { refunds: ['A-6'] }],
  [
    'an order was refunded more than its charge',
    `ALTER TABLE orders DROP CONSTRAINT orders_check; UPDATE orders SET charge = 2 WHERE order_id = 'A-0'`,
    { refunds: ['A-0'] },
  ],
  [
    'a refund begins where none ended',
    `UPDATE ledger_entries SET refunded_before = 1, refunded_after = 3.5 WHERE order_id = 'A-0'`,
    { 'refund-chain': [expect.any(String) as never] },
  ],
  [
    'a canceled order was never refunded',
    `UPDATE orders SET status = 'canceled' WHERE order_id = 'A-6'`,
    { 'refunds-due': ['A-6'] },
  ],
  [
    'a partial order was refunded too little',
    `UPDATE orders SET remains = 301 WHERE order_id = 'A-3'`,
    { 'refunds-due': ['A-3'] },
  ],
  [
    "the order is another user's",
    `UPDATE orders SET user_id = 'user-1' WHERE order_id = 'A-0'`,
    { 'refund-owner': [expect.any(String) as never] },
  ],
  [
    'a balance was raised',
    `UPDATE accounts SET balance = balance + 1 WHERE user_id = 'user-0'`,
    { balances: ['user-0'], 'shown-balances': ['user-0'] },
  ],
  [
    'an entry has another balance behind it',
    `UPDATE ledger_entries SET balance_after = 99 WHERE order_id = 'A-0'`,
    { 'balance-chain': ['user-0', 'user-0', 'user-0', 'user-0'] },
  ],
  [
    'a refund was taken out of the ledger',
    `DELETE FROM ledger_entries WHERE order_id = 'A-0'`,
    { refunds: ['A-0'], balances: ['user-0'], 'balance-chain': ['user-0', 'user-0', 'user-0', 'user-0'] },
  ],
  [
    'the totals of an account are not those of its orders',
    `UPDATE accounts SET totals_seq = last_seq WHERE user_id = 'user-0'`,
    { 'account-totals': ['user-0'] },
  ],
  [
    'events are missing in the middle',
    `DELETE FROM events WHERE user_id = 'user-0' AND seq IN (7, 8, 20)`,
    { 'seq-gaps': ['user-0', 'user-0'] },
  ],
  [
    'the newest event is missing',
    `DELETE FROM events WHERE user_id = 'user-0' AND seq = 41`,
    { 'stream-ends': ['user-0'] },
  ],
  [
    'a whole stream is missing',
    `DELETE FROM events WHERE user_id = 'user-0'`,
    { 'stream-ends': ['user-0'], 'refund-events': Array.from({ length: 5 }, () => expect.any(String) as never) },
  ],
  [
    'a seq was given twice',
    `INSERT INTO events SELECT user_id, seq, at + interval '1 second', payload FROM events
     WHERE user_id = 'user-0' AND seq = 7`,
    { 'seq-gaps': ['user-0'] },
  ],
  [
    'an event shows another balance',
    `UPDATE events SET payload = replace(payload, '"balance"', '"balance" : "1", "was"')
     WHERE user_id = 'user-0' AND seq = 41`,
    { 'shown-balances': ['user-0'] },
  ],
  [
    'an event that is to be published is not there',
    `INSERT INTO outbox VALUES (gen_random_uuid(), ARRAY['user-0', 'user-0'], ARRAY[41, 42], now())`,
    { 'outbox-events': [expect.any(String) as never] },
  ],
  [
    'a batch was never published',
    `INSERT INTO outbox VALUES (gen_random_uuid(), ARRAY['user-0'], ARRAY[41], now() - interval '61 seconds')`,
    { 'outbox-age': [expect.any(String) as never] },
  ],
  [
    'a change has no place in the feed, and events after it are not in it',
    `INSERT INTO change_feed (created_at, user_ids, seqs, previous_statuses)
     VALUES (now() - interval '61 seconds', ARRAY['user-0'], ARRAY[41], ARRAY[NULL])`,
    { 'change-age': [expect.any(String) as never], 'change-events': expect.any(Array) as never },
  ],
  [
    'the feed has a gap',
    `INSERT INTO change_feed (created_at, user_ids, seqs, previous_statuses, last_position)
     SELECT now(), ARRAY['user-0'], ARRAY[41], ARRAY[NULL], place FROM unnest(ARRAY[1, 3]) AS place`,
    { 'change-events': ['user-0'] },
  ],
  [
    'an outgoing webhook was given up',
    `INSERT INTO outgoing_webhook_endpoints VALUES ('an-endpoint', 'https://panel.example', ARRAY['refund.paid'], '{}', true, NULL,
       false, 0);
     INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, state, settled_at)
     VALUES (gen_random_uuid(), 'an-endpoint', 'refund.paid', 'order A-0', '{}', 'dead', now())`,
    { 'outgoing-webhook-age': [expect.any(String) as never] },
  ],
  [
    'a delivery has no outcome',
    `ALTER TABLE deliveries ALTER outcome DROP NOT NULL; UPDATE deliveries SET outcome = NULL WHERE delivery_id = 'd-9'`,
    { 'delivery-outcomes': ['d-9'] },
  ],
  [
    'a review was never opened',
    `UPDATE deliveries SET outcome = 'review', reason = 'unknown_status' WHERE delivery_id = 'd-9'`,
    { 'delivery-reviews': ['d-9'] },
  ],
  [
    'a delivery waits for an order that is there',
    `UPDATE deliveries SET outcome = 'parked' WHERE delivery_id = 'd-9'`,
    { 'stuck-deliveries': ['d-9'] },
  ],
  [
    'a delivery of a former provider order waits for an order that is there',
    `UPDATE deliveries SET outcome = 'superseded', waiting_update = '{}' WHERE delivery_id = 'd-9'`,
    { 'stuck-deliveries': ['d-9'] },
  ],
  [
    'a refund waits for an approval, but its review is resolved',
    `UPDATE deliveries SET outcome = 'review', reason = 'refund_needs_approval', waiting_update = '{}' WHERE delivery_id = 'd-9';
     INSERT INTO reviews (review_id, order_id, delivery_id, reason, opened_at, resolved_at, resolved_by, resolved_with, resolution,
       resolution_note)
     SELECT gen_random_uuid(), order_id, 'd-9', 'refund_needs_approval', now(), now(), 'a', 'k', 'dismiss', ''
     FROM orders JOIN deliveries USING (provider, provider_order_id) WHERE delivery_id = 'd-9'`,
    { 'stuck-approvals': ['d-9'] },
  ],
  [
    'a delivery waits for its order since yesterday',
    `INSERT INTO deliveries (delivery_id, provider, provider_order_id, body, outcome, received_at)
     VALUES ('d-x', 'godofpanel', 'unknown', '{}', 'parked', now() - interval '25 hours')`,
    { 'parked-age': ['d-x'] },
  ],
  [
    'a review is open for a week',
    `INSERT INTO reviews (review_id, order_id, delivery_id, reason, opened_at)
     VALUES (gen_random_uuid(), 'A-0', 'd-0', 'order_failed', now() - interval '8 days')`,
    { 'review-age': [expect.any(String) as never] },
  ],
]

describe('each kind of damage is found, and nothing else', () => {
  test.each(DAMAGES)('%s', async (_what, sql, finds) => {
    await damage(sql)
    const result = await audit()
    expect(found(result)).toEqual(finds)
    const details = result.checks.flatMap(({ rows }) => rows.map(({ detail }) => detail))
    expect(details.filter((detail) => /\{\w+\}/.test(detail))).toEqual([])
  })

  test('every check has a damage that it finds', () => {
    const named = new Set(DAMAGES.flatMap(([, , finds]) => Object.keys(finds)))
    expect(AUDIT_CHECKS.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([])
  })
})

test('rows are bounded, the count is not', async () => {
  await damage(`UPDATE orders SET refunded = 1 WHERE status = 'completed'`)
  const refunds = (await audit({ ...LIMITS, rowsMax: 2 })).checks.find(({ check }) => check === 'refunds')
  expect(refunds).toMatchObject({ count: 30, rows: [{ subject: expect.any(String) }, { subject: expect.any(String) }] })
})

test('all checks see one moment: what is committed meanwhile is not seen', async () => {
  const client = await database.owner.connect()
  let asked = 0
  const result = await auditLedger(
    {
      async query(text) {
        asked += 1
        if (asked === 6) {
          await damage(`UPDATE accounts SET balance = balance + 1 WHERE user_id = 'user-0'`)
        }
        return (await client.query(text)).rows as never
      },
    },
    LIMITS,
  )
  client.release()
  expect(result.isClean).toBe(true)
  expect((await audit()).isClean).toBe(false)
})

test('what retention has dropped is no gap', async () => {
  await damage('DELETE FROM events WHERE seq < 10')
  expect(found(await audit())).toEqual({})
})
