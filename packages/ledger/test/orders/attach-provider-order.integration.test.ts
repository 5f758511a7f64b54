import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createInProcessBus } from '@paxyo/event-bus'
import { createTestDatabase, ledgerViolations, type TestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { commitDeliveries } from '../../src/deliveries/commit-deliveries.ts'
import type { Delivery } from '../../src/model/delivery.ts'
import { newId } from '../../src/model/new-id.ts'
import { attachProviderOrder } from '../../src/orders/attach-provider-order.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
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
const attach = (providerOrderId: string) =>
  commitChangeSet(deps, (tx) => attachProviderOrder(tx, 'A-1', { provider: 'godofpanel', providerOrderId }, 'key'))
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
  expect(await rows('SELECT outcome, waiting_update FROM deliveries')).toEqual([
    { outcome: 'superseded', waiting_update: null },
  ])
  expect(await rows('SELECT FROM verifications WHERE settled_at IS NULL')).toEqual([])
  expect(await rows('SELECT FROM ledger_entries')).toEqual([])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('a cancellation that had been waiting for the provider order is verified before it is paid', async () => {
  await registerOrder(deps, { ...anOrder(), provider: null, providerOrderId: null })
  const delivery = aCancellation('2')
  expect(await commitDeliveries(deps, [delivery])).toEqual([{ outcome: 'parked' }])
  expect(await attach('2')).toMatchObject({ appliedDeliveries: 1, order: { status: 'pending', refunded: '0' } })

  const verified = { ...delivery, verification: { update: delivery.update!, body: 'agreed' } }
  expect(await commitDeliveries(deps, [verified])).toMatchObject([{ outcome: 'applied', refund: 250_000_000n }])
  expect(await ledgerViolations(database.owner)).toEqual({})
})

test('the database itself rejects a second order with the same provider order', async () => {
  await registerOrder(deps, anOrder())
  await registerOrder(deps, { ...anOrder(), orderId: 'A-2', provider: null, providerOrderId: null })
  const steal = `UPDATE orders SET provider = 'godofpanel', provider_order_id = '12345' WHERE order_id = 'A-2'`
  await expect(database.owner.query(steal)).rejects.toMatchObject({ code: '23505' })
})
