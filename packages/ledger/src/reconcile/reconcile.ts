import { ProviderError, type Provider, type ProviderClient } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { Batcher } from '../deliveries/batcher.ts'
import type { Delivery } from '../model/delivery.ts'
import type { NewId } from '../model/new-id.ts'
import { providerOrderOf } from '../model/provider-order.ts'
import { countAsked, recordAttempt, type AskedOrders } from './asked-orders.ts'
import { findOrders, findSilentOrders, type FoundOrder, type RequestedOrder } from './find-orders.ts'
import { addError, addResult, openReport, type OpenReport, type ReconcileReport } from './reconcile-report.ts'

export interface ReconcileDeps {
  readonly pool: Pool
  /** Providers without a client are not asked. */
  readonly providers: readonly Provider[]
  readonly batcher: Batcher
  readonly newId: NewId
  readonly log: Logger
  /** Called after each request that succeeded. */
  readonly onAsked?: (asked: AskedOrders) => void
}

export type ReconcileRequest =
  /**
   * Open orders without updates for this long; at most `ordersMax`, the longest first. With `isSpaced`, the interval
   * between two questions about an order grows with its silence, to at most a week.
   */
  | { readonly silentForMs: number; readonly ordersMax?: number; readonly isSpaced?: boolean }
  /** The orders with these panel ids, whatever their status. */
  | { readonly orderIds: readonly string[] }

/** The default maximum of silent orders that one run asks about. */
export const RECONCILE_ORDERS_MAX = 10_000

/** A provider that can be asked. */
interface Askable {
  readonly name: string
  readonly client: ProviderClient
}

/**
 * Asks providers about orders, within the batch sizes and rate limits of their APIs, and commits their responses like
 * webhooks. Known updates change nothing, so it can run at any time, repeatedly, and while webhooks arrive: a response never reverts
 * an order that has changed since the provider was asked. A provider that fails is left out from then on; the others continue.
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
  const requested = 'orderIds' in request ? [...new Set(request.orderIds)] : []
  const report = openReport(requested.filter((orderId) => !known.has(orderId)))
  const found = orders.flatMap((order) => {
    const providerOrder = providerOrderOf(order)
    return providerOrder === undefined ? [] : { orderId: order.orderId, ...providerOrder }
  })
  report.withoutResponse.push(...orders.filter(({ provider }) => provider === null).map(({ orderId }) => orderId))
  const byProvider = Map.groupBy(found, ({ provider }) => provider)
  for (const [name, ofProvider] of byProvider) {
    const provider = askable.find((candidate) => candidate.name === name)
    if (provider === undefined) report.withoutResponse.push(...ofProvider.map(({ orderId }) => orderId))
    else await reconcileProvider(deps, provider, ofProvider, report)
  }
  const { askedCount, outcomes, late, stoppedBy } = report
  deps.log.info({ askedCount, outcomes, late: late.length, stoppedBy, refunds: report.refunds.length }, 'reconciled')
  return report
}

function findRequested(
  pool: Pool,
  askable: readonly Askable[],
  request: ReconcileRequest,
): Promise<readonly RequestedOrder[]> {
  if ('orderIds' in request) return findOrders(pool, request.orderIds)
  const { silentForMs, ordersMax = RECONCILE_ORDERS_MAX, isSpaced = false } = request
  const providers = askable.map(({ name }) => name)
  return findSilentOrders(pool, { providers, silentForMs, countMax: ordersMax, isSpaced })
}

async function reconcileProvider(
  deps: ReconcileDeps,
  { client }: Askable,
  orders: readonly FoundOrder[],
  report: OpenReport,
): Promise<void> {
  const { true: askable = [], false: others = [] } = Object.groupBy(orders, ({ providerOrderId }) =>
    client.isAskable(providerOrderId) ? 'true' : 'false',
  )
  report.withoutResponse.push(...others.map(({ orderId }) => orderId))
  await recordAttempt(deps.pool, others, true)
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
  { pool, batcher, newId, log, onAsked }: ReconcileDeps,
  client: ProviderClient,
  orders: readonly FoundOrder[],
  report: OpenReport,
): Promise<OpenReport['stoppedBy']> {
  const { provider } = orders[0]!
  const { rows } = await pool.query<{ at: Date }>('SELECT clock_timestamp() AS at')
  const askedAt = rows[0]!.at
  const responses = await ask(client, orders)
  await recordAttempt(pool, orders, !(responses instanceof ProviderError))
  if (responses instanceof ProviderError) {
    const { code, status } = responses
    log.warn({ err: responses, code, status, provider }, 'provider request failed')
    addError(report, provider, responses)
    return code
  }
  report.askedCount += orders.length
  const receivedAt = new Date()
  const found = orders.filter(({ providerOrderId }) => responses.has(providerOrderId))
  const deliveries = found.map(({ providerOrderId }) => {
    const { update, body } = responses.get(providerOrderId)!
    const deliveryId = `reconcile:${newId()}`
    return { deliveryId, provider, update, body, receivedAt, origin: 'reconcile', askedAt } satisfies Delivery
  })
  const results = await batcher.submit(deliveries)
  if (typeof results === 'string') return results

  const withoutResponse = orders.filter(({ providerOrderId }) => !responses.has(providerOrderId))
  report.withoutResponse.push(...withoutResponse.map(({ orderId }) => orderId))
  const committed = results.map((result, index) => ({ update: deliveries[index]!.update, result }))
  committed.forEach(({ update, result }, index) => addResult(report, found[index]!, update, result))
  onAsked?.(countAsked(provider, orders.length, committed))
  return undefined
}

async function ask(
  client: ProviderClient,
  orders: readonly FoundOrder[],
): Promise<Awaited<ReturnType<ProviderClient['statuses']>> | ProviderError> {
  try {
    return await client.statuses(orders.map(({ providerOrderId }) => providerOrderId))
  } catch (error) {
    if (error instanceof ProviderError) return error
    throw error
  }
}
