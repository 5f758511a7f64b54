import { expect, test } from '@jest/globals'
import type { OrderStatus } from '@paxyo/contracts'
import { createInProcessBus } from '@paxyo/event-bus'
import type { Provider, StatusUpdate } from '@paxyo/order-core'
import { createTestDatabase } from '@paxyo/testkit'
import { pino } from 'pino'
import { createBatcher } from '../../src/deliveries/batcher.ts'
import { newId } from '../../src/model/new-id.ts'
import { createOutbox } from '../../src/outbox/outbox.ts'
import { reconcile } from '../../src/reconcile/reconcile.ts'
import { anOrder, registerOrder } from '../register-order.ts'

const { orderId, provider } = anOrder()
const anUpdate = (status: OrderStatus): StatusUpdate => ({
  providerOrderId: anOrder().providerOrderId!,
  status,
  remains: null,
  startCount: null,
})

/** A provider whose API says that the order is in progress. */
const inProgress = (beforeResponse: () => Promise<unknown>): Provider => ({
  name: provider!,
  statusMap: {},
  readStatus: () => 'unknown',
  mapWords: () => undefined,
  parseUpdates: () => ({ error: 'no_updates' }),
  client: {
    ordersMax: 100,
    isAskable: () => true,
    async statuses(ids) {
      await beforeResponse()
      return new Map(ids.map((id) => [id, { update: anUpdate('in_progress'), body: '{}' }]))
    },
    close: () => Promise.resolve(),
  },
})

test('a response does not revert what a webhook has changed since the provider was asked', async () => {
  await using database = await createTestDatabase()
  const pool = database.poolAs('ingest', 6)
  const log = pino({ level: 'silent' })
  const outbox = createOutbox({ pool, publisher: createInProcessBus().connectPublisher(), log })
  const ledger = { pool, newId, outbox }
  const batcher = createBatcher({ ...ledger, log })
  await using closing = new AsyncDisposableStack()
  closing.defer(() => outbox.close())
  closing.defer(() => batcher.close())
  await registerOrder(ledger, anOrder())
  const webhook = { deliveryId: newId(), provider: provider!, update: anUpdate('failed'), body: '{}' }
  const statusAfter = async (beforeResponse: () => Promise<unknown>) => {
    const deps = { pool, providers: [inProgress(beforeResponse)], batcher, newId, log }
    const { outcomes } = await reconcile(deps, { orderIds: [orderId] })
    const { rows } = await database.owner.query<{ status: string }>('SELECT status FROM orders')
    return { outcomes, status: rows[0]!.status }
  }

  const overtaken = await statusAfter(() => batcher.submit([{ ...webhook, receivedAt: new Date() }]))
  expect(overtaken).toEqual({ outcomes: { stale: 1 }, status: 'failed' })
  const current = await statusAfter(() => Promise.resolve())
  expect(current).toEqual({ outcomes: { applied: 1 }, status: 'in_progress' })
})
