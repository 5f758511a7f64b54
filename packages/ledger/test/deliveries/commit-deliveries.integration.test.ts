import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { OPERATIONS_CHANNEL, operationsMessageSchema, type OperationsMessage } from '@paxyo/contracts'
import { createInProcessBus } from '@paxyo/event-bus'
import { createTestDatabase, eventually, type TestDatabase, ledgerViolations } from '@paxyo/testkit'
import { pino } from 'pino'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import type { DeliveryResult } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { createOperationsPublisher } from '../../src/operations/operations-publisher.ts'
import { resolveReview } from '../../src/reviews/resolve-review.ts'
import { registerOrders } from '../../src/orders/register-orders.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { aCancellation, anOrder } from '../register-order.ts'

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox }
})
afterEach(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

const isWaitingForLock = async (): Promise<boolean> => {
  const { rows } = await database.owner.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows.length > 0
}

test('totals that a service of an earlier version has left behind are counted again, under the lock', async () => {
  const second = { ...anOrder(), orderId: 'A-2', providerOrderId: '2' }
  const third = { ...anOrder(), orderId: 'A-3', providerOrderId: '3' }
  await commitChangeSet(deps, (tx) => registerOrders(tx, [anOrder(), second, third]))
  await database.owner.query(`
    UPDATE orders SET status = 'partial', refunded = 1 WHERE order_id = 'A-2';
    UPDATE accounts SET totals_seq = last_seq - 1`)
  await commitDeliveries(deps, [aCancellation()])

  const totals = { refunded: '3.5', orders: { canceled: 1, partial: 1, pending: 1 } }
  const { rows: events } = await database.owner.query(
    `SELECT event_payload(events)::json -> 'totals' AS totals FROM events WHERE seq = 4`,
  )
  expect(events).toEqual([{ totals }])
  const { rows: accounts } = await database.owner.query(
    `SELECT trim_scale(refunded)::text AS refunded, order_counts AS orders FROM accounts WHERE totals_seq = last_seq`,
  )
  expect(accounts).toEqual([totals])
})

test('a delivery that comes while its order is being registered waits for that, and is applied', async () => {
  let delivered: Promise<DeliveryResult[]> | undefined
  await commitChangeSet(deps, async (tx) => {
    await registerOrders(tx, [anOrder()])
    delivered = commitDeliveries(deps, [aCancellation()])
    // The registration is not committed yet: the delivery must not be parked now, because nothing would apply it.
    await Promise.race([delivered, eventually(isWaitingForLock)])
  })

  expect(await delivered).toMatchObject([{ outcome: 'applied', refund: 250_000_000n }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a replay whose verification takes a while opens no second review for the same reason', async () => {
  deps = { ...deps, verifiedProviders: new Set(['godofpanel']) }
  await commitChangeSet(deps, (tx) => registerOrders(tx, [anOrder()]))
  const original = aCancellation()
  const replay = { ...aCancellation(), replayOf: original.deliveryId }
  for (const delivery of [original, replay]) {
    expect(await commitDeliveries(deps, [delivery])).toEqual([{ outcome: 'awaiting_verification' }])
    // As the worker submits it: from the row.
    const { deliveryId, provider, update, body, receivedAt } = delivery
    const verified = { deliveryId, provider, update, body, receivedAt, verification: null }
    expect(await commitDeliveries(deps, [verified])).toEqual([{ outcome: 'review', review: 'not_verified' }])
    await database.owner.query(
      `UPDATE reviews SET resolved_at = now(), resolved_by = 'Ann', resolved_with = 'key', resolution = 'dismiss',
         resolution_note = 'forged'`,
    )
  }
  const { rows } = await database.owner.query('SELECT reason, count FROM reviews')
  expect(rows).toEqual([{ reason: 'not_verified', count: 1 }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

describe("the messages for the operator's console", () => {
  const received: OperationsMessage[] = []
  beforeEach(async () => {
    const bus = createInProcessBus()
    received.length = 0
    const subscriber = bus.connectSubscriber({
      onMessage: (_channel, payload) => received.push(operationsMessageSchema.parse(JSON.parse(payload.toString()))),
      onRestored: () => undefined,
    })
    await subscriber.subscribe(OPERATIONS_CHANNEL)
    const publisher = bus.connectPublisher()
    deps = {
      ...deps,
      onCommitted: createOperationsPublisher({ publisher, now: () => new Date(), onDropped: () => undefined })
        .changesCommitted,
    }
  })

  test('are one for each commit with something to show, with numbers, sums and the first rows', async () => {
    await commitChangeSet(deps, (tx) => registerOrders(tx, [anOrder()]))
    const unknown = Array.from({ length: 12 }, (_, index) => ({
      ...aCancellation(),
      update: { providerOrderId: `none-${index}`, status: 'completed' as const, remains: null, startCount: null },
    }))
    const unread = { ...aCancellation(), update: undefined }
    await commitDeliveries(deps, [aCancellation(), unread, ...unknown])
    await eventually(() => received.length === 2)

    const [known, parked] = received as [OperationsMessage & { type: 'batch' }, OperationsMessage & { type: 'batch' }]
    expect(known).toMatchObject({
      outcomes: { applied: 1, review: 1 },
      providers: { godofpanel: 2 },
      refunds: [{ currency: 'USD', amount: '2.5', count: 1 }],
      reviews: { opened: 1, resolved: 0 },
      rows: [
        { orderId: anOrder().orderId, userId: anOrder().userId, outcome: 'applied', status: 'canceled', refund: '2.5' },
        { orderId: null, outcome: 'review', reason: 'order_id_missing', reported: null, refund: null },
      ],
    })
    expect(parked).toMatchObject({ outcomes: { parked: 12 }, refunds: [] })
    expect(parked.rows).toHaveLength(10)
  })

  test('include what a person decides', async () => {
    await commitChangeSet(deps, (tx) => registerOrders(tx, [anOrder()]))
    const { update: canceled } = aCancellation()
    const update = { ...canceled!, status: 'unknown', problem: 'unknown_status', word: 'x' } as const
    await commitDeliveries(deps, [{ ...aCancellation(), update }])
    const { rows } = await database.owner.query<{ review_id: string }>('SELECT review_id FROM reviews')
    const decision = { action: 'refund', refund: 100_000_000n, status: undefined, note: 'n', actor: 'Ann' } as const
    await commitChangeSet(deps, (tx) => resolveReview(tx, rows[0]!.review_id, { ...decision, keyId: 'a-key' }))
    await eventually(() => received.length === 2)

    expect(received).toMatchObject([
      { reviews: { opened: 1, resolved: 0 }, rows: [{ reported: 'x', status: 'pending' }] },
      { outcomes: {}, reviews: { opened: 0, resolved: 1 }, refunds: [{ amount: '1', count: 1 }], rows: [] },
    ])
  })
})
