import { createGodOfPanel } from '@paxyo/godofpanel'
import {
  createBatcher,
  createOutbox,
  newId,
  reconcile,
  type ReconcileReport,
  type ReconcileRequest,
} from '@paxyo/ledger'
import type { RefundApproval } from '@paxyo/order-core'
import { startSimulator, type Simulator, type SimulatorOptions } from '@paxyo/provider-simulator'
import { listen } from '@paxyo/service-kit'
import { pino } from 'pino'
import { anOrder, startIngest, TOKEN, type FixtureProvider, type IngestFixture } from './ingest-fixture.ts'

export const PROVIDER_KEY = 'a-key-of-the-provider'

/** webhook-ingest and a provider with webhooks and an API. */
export interface ProviderFixture extends IngestFixture {
  readonly simulator: Simulator
  /** Places an order with the provider and registers it: `A-<id>` of `user-1`, quantity 1000, charge 2.5. */
  place(orderId: string, userId?: string): Promise<void>
  /** Places orders of these ids, each of one of `user-0`, `user-1` …, and registers them by one request. */
  placeAll(orderIds: readonly string[], userCount: number): Promise<void>
  /** The order's row, with its refunds, outcomes and reviews. */
  read(orderId: string): Promise<Record<string, unknown>>
  /** Reconciles next to the service, as `paxyo reconcile` does in a separate process. */
  reconcile(request: ReconcileRequest): Promise<ReconcileReport>
}

export async function startWithProvider(
  provider: Partial<FixtureProvider> = {},
  simulation: SimulatorOptions = {},
  refundApproval?: RefundApproval,
): Promise<ProviderFixture> {
  // Each needs the address of the other: the simulator starts first and gets the webhook's address afterwards.
  const api = await startSimulator({ ...simulation, apiKey: PROVIDER_KEY })
  const fixture = await startIngest(undefined, {
    provider: { url: api.apiUrl, key: PROVIDER_KEY, verifiesRefunds: false, ...provider },
    ...(refundApproval === undefined ? {} : { refundApproval }),
  })
  const url = await listen(fixture.app, { host: '127.0.0.1', port: 0 })
  api.setWebhook({ url: `${url}/webhooks/godofpanel`, authentication: { kind: 'path', token: TOKEN } })

  const log = pino({ level: 'silent' })
  const pool = fixture.database.poolAs('ingest', 4)
  const outbox = createOutbox({ pool, publisher: fixture.bus.connectPublisher(), log })
  const batcher = createBatcher({ pool, newId, outbox, log })
  const godofpanel = createGodOfPanel({ api: { url: api.apiUrl, key: provider.key ?? PROVIDER_KEY } })

  return {
    ...fixture,
    simulator: api,
    reconcile: (request) => reconcile({ pool, providers: [godofpanel], batcher, newId, log }, request),
    async place(orderId, userId = 'user-1') {
      api.add({ orderId, quantity: 1000 })
      const response = await fixture.register({ orderId: `A-${orderId}`, providerOrderId: orderId, userId })
      if (response.statusCode !== 201) throw new Error(response.body)
    },
    async placeAll(orderIds, userCount) {
      const orders = orderIds.map((orderId, index) => {
        api.add({ orderId, quantity: 1000 })
        return { ...anOrder(), orderId: `A-${orderId}`, providerOrderId: orderId, userId: `user-${index % userCount}` }
      })
      const response = await fixture.call('POST', '/v1/orders/bulk', { orders })
      if (response.json().registered !== orders.length) throw new Error(response.body)
    },
    async read(orderId) {
      const { rows } = await fixture.database.owner.query<Record<string, unknown>>(
        `SELECT status, refunded::float8 AS refunded,
           (SELECT coalesce(sum(amount), 0)::float8 FROM ledger_entries WHERE ledger_entries.order_id = orders.order_id) AS paid,
           (SELECT array_agg(outcome ORDER BY received_at) FROM deliveries
            WHERE deliveries.provider_order_id = orders.provider_order_id) AS outcomes,
           (SELECT array_agg(reason ORDER BY review_id) FROM reviews WHERE reviews.order_id = orders.order_id) AS reviews
         FROM orders WHERE provider_order_id = $1`,
        [orderId],
      )
      return rows[0]!
    },
    async [Symbol.asyncDispose]() {
      await godofpanel.client?.close()
      await batcher.close()
      await outbox.close()
      await api.close()
      await fixture[Symbol.asyncDispose]()
    },
  }
}
