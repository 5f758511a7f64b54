import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createInProcessBus } from '@paxyo/event-bus'
import { createTestDatabase, eventually, type TestDatabase, ledgerViolations } from '@paxyo/testkit'
import { pino } from 'pino'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import type { Delivery, DeliveryResult } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { registerOrders } from '../../src/orders/register-orders.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { anOrder } from '../register-order.ts'

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

const aCancellation = (): Delivery => ({
  deliveryId: newId(),
  provider: 'godofpanel',
  update: { providerOrderId: anOrder().providerOrderId!, status: 'canceled', remains: null, startCount: null },
  body: '{}',
  receivedAt: new Date(),
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
    `SELECT payload::json -> 'totals' AS totals FROM events WHERE seq = 4`,
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
  const replay = {
    ...aCancellation(),
    replay: { deliveryId: original.deliveryId, isOvertaken: false },
  }
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
