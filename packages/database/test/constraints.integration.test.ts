import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import { insertAllSamples, insertSample, SAMPLE_ROWS, type SampleTable } from './sample-rows.ts'

const CHECK_VIOLATION = '23514'
const UNIQUE_VIOLATION = '23505'
const FOREIGN_KEY_VIOLATION = '23503'
const NUMERIC_OUT_OF_RANGE = '22003'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await insertAllSamples(database.owner)
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

const rejectionOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  )

/** Another row than the one that is there, wrong in nothing. */
const ANOTHER: Record<SampleTable, Readonly<Record<string, unknown>>> = {
  accounts: { user_id: 'user-2' },
  orders: { order_id: 'A-2', provider_order_id: '12346' },
  deliveries: { delivery_id: 'delivery-2' },
  ledger_entries: { entry_id: '00000000-0000-7000-8000-00000000000a', refunded_before: '0.75', refunded_after: '1.5' },
  events: { seq: 2 },
  outbox: { batch_id: '00000000-0000-7000-8000-00000000000b' },
  reviews: { review_id: '00000000-0000-7000-8000-00000000000c' },
  repeatable_delivery_ids: { delivery_id: 'msg_2:0:a' },
  verifications: { delivery_id: 'delivery-2' },
}

const RESOLVED = {
  resolved_at: new Date(),
  resolved_by: 'ann',
  resolved_with: 'panel',
  resolution: 'dismiss',
  resolution_note: 'as it should be',
}

const notARefund = { refunded_before: null, refunded_after: null }
const aDeposit = { ...notARefund, kind: 'deposit', order_id: null }

describe('a row is refused by', () => {
  test.each<[SampleTable, string, Readonly<Record<string, unknown>>, string]>([
    ['accounts', 'a balance below zero', { balance: '-0.00000001' }, CHECK_VIOLATION],
    ['accounts', 'a balance that no numeric(20,8) holds', { balance: '1000000000000' }, NUMERIC_OUT_OF_RANGE],
    ['accounts', 'a seq below zero', { last_seq: -1 }, CHECK_VIOLATION],
    ['accounts', 'a user who has one', { user_id: 'user-1' }, UNIQUE_VIOLATION],

    ['orders', 'a quantity of nothing', { quantity: 0 }, CHECK_VIOLATION],
    ['orders', 'a charge below zero', { charge: '-1' }, CHECK_VIOLATION],
    ['orders', 'a status that is none', { status: 'refunded' }, CHECK_VIOLATION],
    ['orders', 'more refunded than charged', { refunded: '2.50000001' }, CHECK_VIOLATION],
    ['orders', 'less refunded than nothing', { refunded: '-0.00000001' }, CHECK_VIOLATION],
    ['orders', 'an order id that is taken', { order_id: 'A-1' }, UNIQUE_VIOLATION],
    ['orders', "a provider's order that is taken", { provider_order_id: '12345' }, UNIQUE_VIOLATION],
    ['orders', "a provider's order without a provider", { provider: null }, CHECK_VIOLATION],
    ['orders', "a provider without a provider's order", { provider_order_id: null }, CHECK_VIOLATION],
    ['orders', 'a user without an account', { user_id: 'unknown' }, FOREIGN_KEY_VIOLATION],

    ['deliveries', 'an outcome that is none', { outcome: 'duplicate' }, CHECK_VIOLATION],
    ['deliveries', 'an origin that is none', { origin: 'rumour' }, CHECK_VIOLATION],
    ['deliveries', 'a delivery that is there', { delivery_id: 'delivery-1' }, UNIQUE_VIOLATION],
    ['repeatable_delivery_ids', 'a message that was received', { delivery_id: 'msg_1:0:a' }, UNIQUE_VIOLATION],

    ['ledger_entries', 'an amount of nothing', { amount: '0', refunded_after: '0.75' }, CHECK_VIOLATION],
    ['ledger_entries', 'a kind that is none', { kind: 'bonus', ...notARefund }, CHECK_VIOLATION],
    ['ledger_entries', 'a balance below zero', { balance_after: '-1' }, CHECK_VIOLATION],
    ['ledger_entries', 'a second refund from one starting point', refundFrom('0', '0.75'), UNIQUE_VIOLATION],
    ['ledger_entries', 'a refund that does not add up', refundFrom('0.75', '1.4'), CHECK_VIOLATION],
    ['ledger_entries', 'a refund that starts below zero', refundFrom('-0.75', '0'), CHECK_VIOLATION],
    ['ledger_entries', 'a refund of no order', { order_id: null }, CHECK_VIOLATION],
    ['ledger_entries', 'a refund from nowhere', { refunded_before: null }, CHECK_VIOLATION],
    ['ledger_entries', 'a refund to nowhere', { refunded_after: null }, CHECK_VIOLATION],
    ['ledger_entries', 'a refund of an unknown order', { order_id: 'A-9' }, FOREIGN_KEY_VIOLATION],
    ['ledger_entries', 'a deposit that looks like a refund', { kind: 'deposit' }, CHECK_VIOLATION],
    ['ledger_entries', 'a refund that names a payment', { payment_ref: 'p-1', payment_seq: 1 }, CHECK_VIOLATION],
    ['ledger_entries', 'a payment without its event', { ...aDeposit, payment_ref: 'p-1' }, CHECK_VIOLATION],
    ['ledger_entries', 'an event without its payment', { ...aDeposit, payment_seq: 1 }, CHECK_VIOLATION],
    ['ledger_entries', 'an entry that is there', { entry_id: SAMPLE_ROWS.ledger_entries.entry_id }, UNIQUE_VIOLATION],

    ['events', 'a seq that begins before 1', { seq: 0 }, CHECK_VIOLATION],
    ['events', 'a seq that is taken', { seq: 1 }, UNIQUE_VIOLATION],

    ['outbox', 'a batch that is there', { batch_id: SAMPLE_ROWS.outbox.batch_id }, UNIQUE_VIOLATION],

    ['reviews', 'a resolution without a person', { resolved_at: new Date(), resolution: 'paid' }, CHECK_VIOLATION],
    ['reviews', 'a resolution at no time', { resolved_by: 'ann', resolution: 'paid' }, CHECK_VIOLATION],
    ['reviews', 'a resolution without a reason why', { ...RESOLVED, resolution_note: null }, CHECK_VIOLATION],
    ['reviews', 'a resolution without a key', { ...RESOLVED, resolved_with: null }, CHECK_VIOLATION],
    ['reviews', 'a resolution that is none', { ...RESOLVED, resolution: 'ignore' }, CHECK_VIOLATION],
    ['reviews', 'a refund that was not paid', { ...RESOLVED, resolution: 'refund' }, CHECK_VIOLATION],
    ['reviews', 'a status that was not set', { ...RESOLVED, resolution: 'set_status' }, CHECK_VIOLATION],
    ['reviews', 'a status set by a dismissal', { ...RESOLVED, resolution_status: 'canceled' }, CHECK_VIOLATION],

    ['verifications', 'a delivery that is asked about', { delivery_id: 'delivery-1' }, UNIQUE_VIOLATION],
    ['verifications', 'a response that settles nothing', { response: '{}' }, CHECK_VIOLATION],
  ])('%s: %s', async (table, _what, changes, code) => {
    const attempt = insertSample(database.owner, table, { ...ANOTHER[table], ...changes })
    expect(await rejectionOf(attempt)).toBe(code)
  })

  function refundFrom(before: string, after: string) {
    return { refunded_before: before, refunded_after: after }
  }
})

test.each([
  ['a balance below zero', 'UPDATE accounts SET balance = balance - 10.00000001'],
  ['more refunded than charged', 'UPDATE orders SET refunded = charge + 0.00000001'],
  ['less refunded than nothing', 'UPDATE orders SET refunded = -0.00000001'],
])('no update leads to %s', async (_what, statement) => {
  expect(await rejectionOf(database.owner.query(statement))).toBe(CHECK_VIOLATION)
})

describe('a balance without the entry that leads to it is refused', () => {
  const OPEN = `INSERT INTO accounts (user_id, currency) VALUES ('user-3', 'USD')`
  const ENTER = `
    INSERT INTO ledger_entries (entry_id, user_id, kind, amount, balance_after, created_at)
    VALUES (gen_random_uuid(), 'user-3', 'deposit', 5, 5, now())`
  const RAISE = `UPDATE accounts SET balance = 5 WHERE user_id = 'user-3'`

  test.each([
    [
      'an account that opens with money',
      [OPEN.replace('currency) VALUES', 'currency, balance) VALUES').replace(`'USD'`, `'USD', 5`)],
    ],
    ['a balance that changes without an entry', [OPEN, RAISE]],
    ['a balance that changes after its entry', [OPEN, ENTER, RAISE, 'COMMIT', 'BEGIN', RAISE.replace('5', '6')]],
    ['an entry that leads elsewhere', [OPEN, ENTER.replace('5, 5', '5, 6'), RAISE]],
    [
      'an entry in a table that only the session has',
      [OPEN, 'CREATE TEMP TABLE ledger_entries (LIKE ledger_entries INCLUDING ALL) ON COMMIT DROP', ENTER, RAISE],
    ],
  ])('%s', async (_what, statements) => {
    expect(await rejectionOf(commit(statements))).toBe(CHECK_VIOLATION)
  })

  test.each([
    ['before', [OPEN, ENTER, RAISE]],
    ['after the balance, as former versions write it', [OPEN, RAISE, ENTER]],
  ])('one with its entry is not, which comes %s', async (_when, statements) => {
    expect(await rejectionOf(commit(statements))).toBe('accepted')
  })

  async function commit(statements: readonly string[]): Promise<void> {
    const client = await database.owner.connect()
    try {
      await client.query('SET session_replication_role = replica')
      await client.query(`DELETE FROM ledger_entries WHERE user_id = 'user-3'`)
      await client.query(`DELETE FROM accounts WHERE user_id = 'user-3'`)
      await client.query('RESET session_replication_role')
      await client.query('BEGIN')
      for (const statement of statements) await client.query(statement)
      await client.query('COMMIT')
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  }
})

test('there is one epoch, and no second one', async () => {
  const { rows } = await database.owner.query('SELECT epoch FROM stream_epoch')

  expect(rows).toEqual([{ epoch: expect.stringMatching(/^[0-9a-f]{32}$/) }])
  expect(await rejectionOf(database.owner.query('INSERT INTO stream_epoch DEFAULT VALUES'))).toBe(UNIQUE_VIOLATION)
  expect(await rejectionOf(database.owner.query('INSERT INTO stream_epoch (only_row) VALUES (false)'))).toBe(
    CHECK_VIOLATION,
  )
})

test('the rows that are only varied above are themselves accepted', async () => {
  for (const [table, changes] of Object.entries(ANOTHER) as [SampleTable, Record<string, unknown>][]) {
    expect(await rejectionOf(insertSample(database.owner, table, changes))).toBe('accepted')
  }
  const unpaid = { entry_id: '00000000-0000-7000-8000-00000000000d', order_id: null, ...notARefund }
  expect(await rejectionOf(insertSample(database.owner, 'ledger_entries', { ...unpaid, kind: 'deposit' }))).toBe(
    'accepted',
  )
})
