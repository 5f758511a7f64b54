import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encodeEvent, ORDER_STATUSES, type OrderEvent } from '@paxyo/contracts'
import { createTestDatabase, type TestDatabase } from '@paxyo/testkit'
import fc from 'fast-check'
import { COMPACTED_BYTES_MAX, compactPayload, PHRASES, storedPayload } from '../src/stored-event.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await database[Symbol.asyncDispose]()
})

/** Of any characters, with parts of events and control characters among them. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(fc.oneof(fc.constantFrom(...PHRASES), fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 4 })
    .map(String),
)
const money = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String)
const time = fc
  .date({ min: new Date(0), max: new Date('2999-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString())
const count = fc.option(fc.maxSafeInteger())
const totals = fc.record({
  refunded: money,
  orders: fc.dictionary(fc.constantFrom(...ORDER_STATUSES), fc.maxSafeNat()),
})
const account = fc.record(
  { balance: money, currency: text, mode: fc.constantFrom('external' as const, 'kept' as const) },
  { requiredKeys: ['balance', 'currency'] },
)
const order = (at: string) =>
  fc.record({
    orderId: text,
    providerOrderId: text,
    service: text,
    link: text,
    quantity: fc.maxSafeNat(),
    charge: money,
    currency: text,
    status: fc.constantFrom(...ORDER_STATUSES),
    remains: count,
    startCount: count,
    refunded: money,
    createdAt: fc.oneof(time, fc.constant(at)),
    updatedAt: fc.oneof(time, fc.constant(at)),
  })
const refund = fc.record({ refundId: fc.uuid(), amount: money, currency: text })

/** Events of all kinds, with the members in the order in which the ledger writes them. */
const event: fc.Arbitrary<OrderEvent> = fc
  .tuple(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), time)
  .chain(([seq, at]) => {
    const head = { type: fc.constant('event' as const), seq: fc.constant(seq) }
    const tail = { totals, at: fc.constant(at), account }
    return fc.oneof(
      fc.record({ ...head, event: fc.constant('account.updated' as const), ...tail }),
      fc.record({ ...head, event: fc.constant('order.registered' as const), order: order(at), ...tail }),
      fc.record({ ...head, event: fc.constant('order.updated' as const), order: order(at), ...tail }),
      fc.record({ ...head, event: fc.constant('order.updated' as const), order: order(at), refund, ...tail }),
    )
  })

const READ = `
  WITH stored AS (SELECT seq, at, compact, NULL::text AS payload, 'ann' AS user_id FROM unnest($1::bigint[], $2::timestamptz[], $3::text[])
    AS stored (seq, at, compact))
  SELECT event_payload(ROW (user_id, seq, at, payload, compact)::events) AS payload FROM stored`

test('a stored event has the bytes that were published, read here or in the database', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 20 }), async (events) => {
      const published = events.map(encodeEvent)
      const ats = events.map(({ at }) => new Date(at))
      const compacts = events.map(({ seq }, index) => compactPayload(published[index]!, seq, ats[index]!))

      expect(
        events.map(({ seq }, index) =>
          storedPayload({ seq, at: ats[index]!, payload: null, compact: compacts[index]! }),
        ),
      ).toEqual(published)
      const { rows } = await database.owner.query<{ payload: string }>(READ, [
        events.map(({ seq }) => seq),
        ats,
        compacts,
      ])
      expect(rows.map(({ payload }) => payload)).toEqual(published)
      for (const [index, payload] of published.entries()) {
        expect(Buffer.byteLength(payload) - Buffer.byteLength(compacts[index]!)).toBeLessThanOrEqual(
          COMPACTED_BYTES_MAX,
        )
      }
    }),
  )
})

test('a usual event is stored in less than a third of its bytes', () => {
  const at = new Date('2026-11-28T02:17:00.123Z')
  const payload = encodeEvent({
    type: 'event',
    seq: 7,
    event: 'order.updated',
    order: {
      orderId: 'order-12345',
      providerOrderId: '12345',
      service: 'Instagram followers',
      link: 'https://instagram.com/somebody',
      quantity: 1000,
      charge: '2.5',
      currency: 'USD',
      status: 'in_progress',
      remains: 500,
      startCount: null,
      refunded: '0',
      createdAt: '2026-11-28T01:00:00.123Z',
      updatedAt: at.toISOString(),
    },
    totals: { refunded: '0', orders: { pending: 9, in_progress: 1 } },
    at: at.toISOString(),
    account: { balance: '0', currency: 'USD', mode: 'external' },
  })
  expect(compactPayload(payload, 7, at).length / payload.length).toBeLessThan(1 / 3)
})

test('rows of former versions are read unchanged, and those of later ones are rejected', () => {
  const row = { seq: 1, at: new Date() }
  expect(storedPayload({ ...row, payload: '{"type":"event"}', compact: null })).toBe('{"type":"event"}')
  expect(() => storedPayload({ ...row, payload: null, compact: '\u001f' })).toThrow('stored by a later version')
})
