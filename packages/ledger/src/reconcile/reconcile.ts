import {
  formatMoney,
  ProviderError,
  type Provider,
  type ProviderClient,
  type ProviderErrorCode,
} from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Batcher, NotCommitted } from '../deliveries/batcher.ts'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { findOrders, findSilentOrders, type FoundOrder } from './find-orders.ts'

export interface ReconcileDeps {
  readonly pool: Pool
  /** Providers without a client are not asked. */
  readonly providers: readonly Provider[]
  readonly batcher: Batcher
  readonly newId: NewId
  readonly log: Logger
}

export type ReconcileRequest =
  /** Open orders without updates for this long; at most `ordersMax`, the longest first. */
  | { readonly silentForMs: number; readonly ordersMax?: number }
  /** The orders with these panel ids, whatever their status. */
  | { readonly orderIds: readonly string[] }

export interface ReconcileReport {
  /** How many orders were asked about. */
  readonly askedCount: number
  /** How many responses led to each outcome. */
  readonly outcomes: Readonly<Partial<Record<DeliveryResult['outcome'], number>>>
  readonly refunds: readonly { readonly orderId: string; readonly amount: string }[]
  /** Orders with a new review. */
  readonly reviews: readonly { readonly orderId: string; readonly reason: string }[]
  /** Orders of the request that are not registered. */
  readonly unknown: readonly string[]
  /** Orders that the provider's response left out, or that it cannot be asked about. */
  readonly withoutResponse: readonly string[]
  /** Why it stopped early or left a provider out, and the orders that were not asked about. */
  readonly stoppedBy?: ProviderErrorCode | NotCommitted
  readonly left: readonly string[]
}

/** The default maximum of silent orders that one run asks about. */
export const RECONCILE_ORDERS_MAX = 10_000

type Report = { -readonly [Name in keyof ReconcileReport]: ReconcileReport[Name] } & {
  outcomes: Partial<Record<DeliveryResult['outcome'], number>>
  refunds: { orderId: string; amount: string }[]
  reviews: { orderId: string; reason: string }[]
  withoutResponse: string[]
  left: string[]
}

/** A provider that can be asked. */
interface Askable {
  readonly name: string
  readonly client: ProviderClient
}

/**
 * Asks providers about orders, within the batch sizes and rate limits of their APIs, and commits their responses like
 * webhooks. Known updates change nothing, so it can run at any time, repeatedly, and while webhooks arrive. A provider
 * that fails is left out from then on; the others continue.
 *
 * @throws the database's errors. The report contains an error of a provider.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const batcher = createBatcher({ ...ledger, log })
 * const deps = { pool, providers: [createGodOfPanel()], batcher, newId, log }
 * const report = await reconcile(deps, { orderIds: ['A-1', 'A-2'] })
 * report.unknown //=> ['A-2']
 * await batcher.close()
 */
export async function reconcile(deps: ReconcileDeps, request: ReconcileRequest): Promise<ReconcileReport> {
  const askable = deps.providers.flatMap(({ name, client }) => (client === undefined ? [] : { name, client }))
  const orders = await findRequested(deps.pool, askable, request)
  const known = new Set(orders.map(({ orderId }) => orderId))
  const report: Report = {
    askedCount: 0,
    outcomes: {},
    refunds: [],
    reviews: [],
    unknown: 'orderIds' in request ? [...new Set(request.orderIds)].filter((orderId) => !known.has(orderId)) : [],
    withoutResponse: [],
    left: [],
  }
  const byProvider = Map.groupBy(orders, ({ provider }) => provider)
  for (const [name, ofProvider] of byProvider) {
    const provider = askable.find((candidate) => candidate.name === name)
    if (provider === undefined) report.withoutResponse.push(...ofProvider.map(({ orderId }) => orderId))
    else await reconcileProvider(deps, provider, ofProvider, report)
  }
  const { askedCount, outcomes, stoppedBy } = report
  deps.log.info({ askedCount, outcomes, stoppedBy, refunds: report.refunds.length }, 'reconciled')
  return report
}

function findRequested(pool: Pool, askable: readonly Askable[], request: ReconcileRequest): Promise<FoundOrder[]> {
  if ('orderIds' in request) return findOrders(pool, request.orderIds)
  const names = askable.map(({ name }) => name)
  return findSilentOrders(pool, names, request.silentForMs, request.ordersMax ?? RECONCILE_ORDERS_MAX)
}

async function reconcileProvider(
  deps: ReconcileDeps,
  { client }: Askable,
  orders: readonly FoundOrder[],
  report: Report,
): Promise<void> {
  const { true: askable = [], false: others = [] } = Object.groupBy(orders, ({ providerOrderId }) =>
    client.isAskable(providerOrderId) ? 'true' : 'false',
  )
  report.withoutResponse.push(...others.map(({ orderId }) => orderId))
  for (let start = 0; start < askable.length; start += client.ordersMax) {
    const stoppedBy = await reconcileSome(deps, client, askable.slice(start, start + client.ordersMax), report)
    if (stoppedBy === undefined) continue
    report.stoppedBy ??= stoppedBy
    report.left.push(...askable.slice(start).map(({ orderId }) => orderId))
    return
  }
}

/** @returns why it stopped, or undefined. */
async function reconcileSome(
  { batcher, newId, log }: ReconcileDeps,
  client: ProviderClient,
  orders: readonly FoundOrder[],
  report: Report,
): Promise<Report['stoppedBy']> {
  try {
    const responses = await client.statuses(orders.map(({ providerOrderId }) => providerOrderId))
    report.askedCount += orders.length
    const receivedAt = new Date()
    const found = orders.filter(({ providerOrderId }) => responses.has(providerOrderId))
    const deliveries = found.map(({ provider, providerOrderId }): Delivery => {
      const { update, body } = responses.get(providerOrderId)!
      return { deliveryId: `reconcile:${newId()}`, provider, update, body, receivedAt, origin: 'reconcile' }
    })
    const results = await batcher.submit(deliveries)
    if (typeof results === 'string') return results

    const withoutResponse = orders.filter(({ providerOrderId }) => !responses.has(providerOrderId))
    report.withoutResponse.push(...withoutResponse.map(({ orderId }) => orderId))
    results.forEach((result, index) => note(report, found[index]!, result))
    return undefined
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    log.warn({ err: error, code: error.code, provider: orders[0]!.provider }, 'provider request failed')
    return error.code
  }
}

function note(report: Report, { orderId }: FoundOrder, { outcome, refund, review }: DeliveryResult): void {
  report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1
  if (refund !== undefined) report.refunds.push({ orderId, amount: formatMoney(refund) })
  if (review !== undefined) report.reviews.push({ orderId, reason: review })
}
