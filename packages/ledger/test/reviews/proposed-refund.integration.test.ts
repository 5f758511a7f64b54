import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { transaction } from '@paxyo/database'
import { createInProcessBus } from '@paxyo/event-bus'
import type { StatusUpdate } from '@paxyo/order-core'
import { createTestDatabase, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import { newId } from '../../src/model/new-id.ts'
import { attachProviderOrder } from '../../src/orders/attach-provider-order.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { readWaitingUpdates } from '../../src/reviews/proposed-refund.ts'
import { resolveReview } from '../../src/reviews/resolve-review.ts'
import { commitChangeSet, type LedgerDeps } from '../../src/transaction/commit-change-set.ts'
import { aCancellation, anOrder, registerOrder } from '../register-order.ts'

let database: TestDatabase
let outbox: Outbox
let deps: LedgerDeps
beforeEach(async () => {
  database = await createTestDatabase()
  const pool = database.poolAs('ingest', 4)
  outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log: pino({ level: 'silent' }) })
  deps = { pool, newId, outbox, refundApproval: { isAlways: true, limits: new Map() } }
  await registerOrder(deps, anOrder())
})
afterEach(async () => {
  await outbox.close()
  await database[Symbol.asyncDispose]()
})

const receive = async (changes: Partial<StatusUpdate>, replayOf?: string): Promise<string> => {
  const { update, ...delivery } = aCancellation()
  const replay = replayOf === undefined ? {} : { replayOf }
  await commitDeliveries(deps, [{ ...delivery, ...replay, update: { ...update!, ...changes } }])
  return delivery.deliveryId
}
const attach = (providerOrderId: string) =>
  commitChangeSet(deps, (tx) => attachProviderOrder(tx, 'A-1', { provider: 'godofpanel', providerOrderId }, 'k'))
const openReview = async (): Promise<string> => {
  const { rows } = await database.owner.query<{ id: string }>(
    `SELECT review_id AS id FROM reviews WHERE resolved_at IS NULL AND reason = 'refund_needs_approval'`,
  )
  expect(rows).toHaveLength(1)
  return rows[0]!.id
}
const waiting = async (reviewId: string) => transaction(deps.pool, (client) => readWaitingUpdates(client, reviewId))

/** A delivery with an unknown word, whose first replay proposed a refund that a person has dismissed, is replayed again. */
async function replayDismissed(): Promise<void> {
  const original = await receive({ status: 'unknown', problem: 'unknown_status', word: 'x' })
  await receive({}, original)
  const reviewId = await openReview()
  expect(await waiting(reviewId)).toMatchObject([{ status: 'canceled' }])
  const dismissal = { action: 'dismiss', refund: 0n, status: undefined, note: 'no', actor: 'Ann', keyId: 'k' } as const
  await commitChangeSet(deps, (tx) => resolveReview(tx, reviewId, dismissal))
  await receive({}, original)
}

test('a refund that a person has dismissed is not proposed with a later one after another replay', async () => {
  await replayDismissed()
  await receive({ status: 'partial', remains: 100 })
  expect(await waiting(await openReview())).toMatchObject([{ status: 'partial', remains: 100 }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a replay that waits is proposed again when its order gets the provider order back', async () => {
  await receive({}, await receive({ status: 'unknown', problem: 'unknown_status', word: 'x' }))
  await attach('2')
  await attach('12345')
  expect(await waiting(await openReview())).toMatchObject([{ status: 'canceled' }])
})

test('a refund that a person has dismissed is not proposed for the order that gets the provider order', async () => {
  await replayDismissed()
  await attach('2')
  const { rows } = await database.owner.query('SELECT FROM deliveries WHERE waiting_update IS NOT NULL')
  expect(rows).toEqual([])
})
