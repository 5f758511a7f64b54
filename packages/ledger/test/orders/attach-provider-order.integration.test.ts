import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { transaction } from '@paxyo/database'
import { createInProcessBus } from '@paxyo/event-bus'
import type { StatusUpdate } from '@paxyo/order-core'
import { createTestDatabase, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { appendChanges } from '../../src/change-feed/append-changes.ts'
import { readChangeFeedEnd, readChanges } from '../../src/change-feed/read-changes.ts'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { attachProviderOrder } from '../../src/orders/attach-provider-order.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { readWaitingUpdates } from '../../src/reviews/proposed-refund.ts'
import { resolveReview } from '../../src/reviews/resolve-review.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { anOrder, registerOrder } from '../register-order.ts'

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox, verifiedProviders: new Set(['godofpanel']) }
})
afterEach(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

const aCancellation = (providerOrderId: string): Delivery => ({
  deliveryId: newId(),
  provider: 'godofpanel',
  update: { providerOrderId, status: 'canceled', remains: null, startCount: null },
  body: '{}',
  receivedAt: new Date(),
})
const attach = (providerOrderId: string, orderId = 'A-1') =>
  commitChangeSet(deps, (tx) => attachProviderOrder(tx, orderId, { provider: 'godofpanel', providerOrderId }, 'key'))
const balances = () => rows('SELECT user_id, balance::float8 FROM accounts ORDER BY user_id')
const another = () => ({ ...anOrder(), orderId: 'A-2', userId: 'user-2', charge: 500_000_000n })
const rows = async (sql: string): Promise<unknown[]> => (await database.owner.query(sql)).rows

test('a refund that waits for its verification while the order is placed again is not paid', async () => {
  await registerOrder(deps, anOrder())
  const delivery = aCancellation('12345')
  expect(await commitDeliveries(deps, [delivery])).toEqual([{ outcome: 'awaiting_verification' }])
  expect(await attach('2')).toMatchObject({ replaced: { provider: 'godofpanel', providerOrderId: '12345' } })

  const verified = { ...delivery, verification: { update: delivery.update!, body: 'agreed' } }
  expect(await commitDeliveries(deps, [verified])).toEqual([{ outcome: 'superseded' }])
  expect(await commitDeliveries(deps, [verified, delivery])).toEqual([
    { outcome: 'duplicate' },
    { outcome: 'duplicate' },
  ])
  expect(await rows('SELECT outcome, waiting_update IS NOT NULL AS waits FROM deliveries')).toEqual([
    { outcome: 'superseded', waits: true },
  ])
  expect(await rows('SELECT FROM verifications WHERE settled_at IS NULL')).toEqual([])
  expect(await rows('SELECT FROM ledger_entries')).toEqual([])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test.each([
  ['the provider agreed', { update: aCancellation('12345').update!, body: 'agreed' }],
  ['the provider did not know it', 'unknown_order'],
  ['the provider could not be asked', null],
] as const)(
  'it is verified again for the next order with its provider order, when %s',
  async (_title, verification) => {
    await registerOrder(deps, anOrder())
    const delivery = aCancellation('12345')
    await commitDeliveries(deps, [delivery])
    await attach('2')
    expect(await commitDeliveries(deps, [{ ...delivery, verification }])).toEqual([{ outcome: 'superseded' }])

    await registerOrder(deps, { ...another(), providerOrderId: '3' })
    await database.owner.query(`UPDATE verifications SET created_at = now() - interval '1 day', attempts = 9`)
    expect(await attach('12345', 'A-2')).toMatchObject({
      appliedDeliveries: 1,
      order: { status: 'pending', refunded: '0' },
    })
    expect(
      await rows(
        `SELECT outcome, attempts, response, settled_at, now() - created_at < interval '1 hour' AS is_new
       FROM verifications JOIN deliveries USING (delivery_id)`,
      ),
    ).toEqual([{ outcome: 'awaiting_verification', attempts: 0, response: null, settled_at: null, is_new: true }])
    const verified = { ...delivery, verification: { update: delivery.update!, body: 'agreed' } }
    expect(await commitDeliveries(deps, [verified])).toMatchObject([{ outcome: 'applied', refund: 500_000_000n }])
    expect(await balances()).toEqual([
      { user_id: 'user-1', balance: 0 },
      { user_id: 'user-2', balance: 5 },
    ])
    expect(await ledgerViolations(database.owner)).toEqual({})
  },
)

test('one that is verified after its provider order has moved on is paid to the order that has it by then', async () => {
  await registerOrder(deps, anOrder())
  const delivery = aCancellation('12345')
  await commitDeliveries(deps, [delivery])
  await attach('2')
  await registerOrder(deps, another())
  const verified = { ...delivery, verification: { update: delivery.update!, body: 'agreed' } }
  expect(await commitDeliveries(deps, [verified])).toMatchObject([{ outcome: 'applied', refund: 500_000_000n }])
  expect(await balances()).toMatchObject([{ balance: 0 }, { balance: 5 }])
})

test('a later update of the same status takes the place of one that was verified without an order', async () => {
  await registerOrder(deps, anOrder())
  const [earlier, later] = [aCancellation('12345'), aCancellation('12345')]
  await commitDeliveries(deps, [earlier])
  await attach('2')
  await commitDeliveries(deps, [later])
  await commitDeliveries(deps, [{ ...earlier, verification: null }])
  expect(await rows('SELECT delivery_id FROM deliveries WHERE waiting_update IS NOT NULL')).toEqual([
    { delivery_id: later.deliveryId },
  ])
})

describe('a refund that waits for a person', () => {
  const approvals = () =>
    rows(
      `SELECT order_id, resolution, resolved_by FROM reviews WHERE reason = 'refund_needs_approval' ORDER BY review_id`,
    )
  const outcomes = () =>
    rows(
      'SELECT outcome, reason, waiting_update IS NOT NULL AS waits FROM deliveries ORDER BY received_at, delivery_id',
    )
  beforeEach(() => {
    deps = { ...deps, verifiedProviders: new Set(), refundApproval: { isAlways: true, limits: new Map() } }
  })

  test('is proposed to the order that gets its provider order, and not to the one that had it', async () => {
    await registerOrder(deps, anOrder())
    const partial = aCancellation('12345')
    const update = { ...partial.update!, status: 'partial', remains: 300 } as const
    await commitDeliveries(deps, [{ ...partial, update }])
    await commitDeliveries(deps, [aCancellation('12345'), aCancellation('12345')])
    await attach('2')
    expect(await approvals()).toEqual([{ order_id: 'A-1', resolution: 'dismiss', resolved_by: 'key' }])
    expect(await outcomes()).toEqual([
      { outcome: 'superseded', reason: null, waits: true },
      { outcome: 'superseded', reason: null, waits: false },
      { outcome: 'superseded', reason: null, waits: true },
    ])

    await registerOrder(deps, another())
    const open = { resolution: null, resolved_by: null }
    expect(await approvals()).toMatchObject([{ order_id: 'A-1' }, { order_id: 'A-2', ...open }])
    expect(await balances()).toMatchObject([{ balance: 0 }, { balance: 0 }])
    expect((await waitingOf('A-2')).map(({ status }) => status)).toEqual(['partial', 'canceled'])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('is paid at once when the order that gets its provider order costs less than the limit', async () => {
    deps = { ...deps, refundApproval: { isAlways: false, limits: new Map([['USD', 100_000_000n]]) } }
    await registerOrder(deps, anOrder())
    await commitDeliveries(deps, [aCancellation('12345')])
    await attach('2')
    await registerOrder(deps, { ...another(), charge: 100_000_000n })
    expect(await balances()).toMatchObject([{ balance: 0 }, { balance: 1 }])
    expect(await ledgerViolations(database.owner)).toEqual({})
  })

  test('is proposed again when the order gets its provider order back', async () => {
    await registerOrder(deps, anOrder())
    await commitDeliveries(deps, [aCancellation('12345')])
    await attach('2')
    await attach('12345')
    expect(await approvals()).toMatchObject([
      { order_id: 'A-1', resolution: 'dismiss' },
      { order_id: 'A-1', resolution: null },
    ])
    expect(await waitingOf('A-1')).toHaveLength(1)
  })

  test('and that a person has dismissed is proposed to no other order', async () => {
    await registerOrder(deps, anOrder())
    await commitDeliveries(deps, [aCancellation('12345')])
    await dismiss('A-1')
    await attach('2')
    expect(await registerOrder(deps, another())).toMatchObject({ appliedDeliveries: 0, order: { status: 'pending' } })
    expect(await approvals()).toHaveLength(1)
  })
})

const openReviewId = async (orderId: string): Promise<string> => {
  const found = await rows(`SELECT review_id FROM reviews WHERE order_id = '${orderId}' AND resolved_at IS NULL`)
  return (found as { review_id: string }[])[0]!.review_id
}
const waitingOf = async (orderId: string): Promise<StatusUpdate[]> => {
  const reviewId = await openReviewId(orderId)
  return transaction(deps.pool, (client) => readWaitingUpdates(client, reviewId))
}
const dismiss = async (orderId: string): Promise<void> => {
  const reviewId = await openReviewId(orderId)
  const decision = { action: 'dismiss', refund: 0n, status: undefined, note: 'no', actor: 'Ann', keyId: 'key' } as const
  await commitChangeSet(deps, (tx) => resolveReview(tx, reviewId, decision))
}

test('a cancellation that had been waiting for the provider order is verified before it is paid', async () => {
  await registerOrder(deps, { ...anOrder(), provider: null, providerOrderId: null })
  const delivery = aCancellation('2')
  expect(await commitDeliveries(deps, [delivery])).toEqual([{ outcome: 'parked' }])
  expect(await attach('2')).toMatchObject({ appliedDeliveries: 1, order: { status: 'pending', refunded: '0' } })

  const verified = { ...delivery, verification: { update: delivery.update!, body: 'agreed' } }
  expect(await commitDeliveries(deps, [verified])).toMatchObject([{ outcome: 'applied', refund: 250_000_000n }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a change in the feed has the provider order of its time', async () => {
  const start = await readChangeFeedEnd(deps.pool)
  await registerOrder(deps, { ...anOrder(), provider: null, providerOrderId: null })
  const attachTo = (provider: string, providerOrderId: string) =>
    commitChangeSet(deps, (tx) => attachProviderOrder(tx, 'A-1', { provider, providerOrderId }, 'key'))
  await attachTo('godofpanel', '1')
  await commitDeliveries(deps, [
    { ...aCancellation('1'), update: { ...aCancellation('1').update!, status: 'processing' } },
  ])
  await attachTo('second', '2')
  await appendChanges(deps.pool)
  const page = await readChanges(deps.pool, start, 10)
  const orders = typeof page === 'string' ? [] : page.changes.map((change) => 'order' in change && change.order)
  expect(orders).toMatchObject([
    { provider: null, providerOrderId: null },
    { provider: 'godofpanel', providerOrderId: '1' },
    { provider: 'godofpanel', providerOrderId: '1' },
    { provider: 'second', providerOrderId: '2' },
  ])
})

test('the database itself rejects a second order with the same provider order', async () => {
  await registerOrder(deps, anOrder())
  await registerOrder(deps, { ...anOrder(), orderId: 'A-2', provider: null, providerOrderId: null })
  const steal = `UPDATE orders SET provider = 'godofpanel', provider_order_id = '12345' WHERE order_id = 'A-2'`
  await expect(database.owner.query(steal)).rejects.toMatchObject({ code: '23505' })
})
