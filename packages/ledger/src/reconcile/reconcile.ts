import {
  isAskable,
  PROVIDER,
  ProviderError,
  STATUS_ORDERS_MAX,
  type ProviderClient,
  type ProviderErrorCode,
} from '@paxyo/godofpanel'
import { formatMoney } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import type { NewId } from '../model/new-id.ts'
import type { Batcher, NotCommitted } from '../deliveries/batcher.ts'
import type { Delivery, DeliveryResult } from '../model/delivery.ts'
import { findOrders, findSilentOrders, type FoundOrder } from './find-orders.ts'

export interface ReconcileDeps {
  readonly pool: Pool
  readonly provider: ProviderClient
  readonly batcher: Batcher
  readonly newId: NewId
  readonly log: Logger
}

export type ReconcileRequest =
  /** Open orders of which the provider has said nothing for so long; at most `ordersMax`, the longest silent first. */
  | { readonly silentForMs: number; readonly ordersMax?: number }
  /** These orders, by the panel's own ids, whatever their status. */
  | { readonly orderIds: readonly string[] }

export interface ReconcileReport {
  /** How many orders the provider was asked about. */
  readonly askedCount: number
  /** How many answers came to which outcome. */
  readonly outcomes: Readonly<Partial<Record<DeliveryResult['outcome'], number>>>
  readonly refunds: readonly { readonly orderId: string; readonly amount: string }[]
  /** Orders that a person must look at now. */
  readonly reviews: readonly { readonly orderId: string; readonly reason: string }[]
  /** Orders of the request that are not registered. */
  readonly unknown: readonly string[]
  /** Orders that the provider left out of its answer, or that it cannot be asked about. */
  readonly unanswered: readonly string[]
  /** Why it ended before its end, and which orders were left. */
  readonly stoppedBy?: ProviderErrorCode | NotCommitted
  readonly left: readonly string[]
}

/** How many silent orders one run asks about unless told otherwise. */
export const RECONCILE_ORDERS_MAX = 10_000

type Report = { -readonly [Name in keyof ReconcileReport]: ReconcileReport[Name] } & {
  outcomes: Partial<Record<DeliveryResult['outcome'], number>>
  refunds: { orderId: string; amount: string }[]
  reviews: { orderId: string; reason: string }[]
  unanswered: string[]
}

/**
 * Asks the provider about orders, a hundred at a time and within its rate, and commits what it answers the way webhooks
 * are committed: what is known already changes nothing, so it may be run at any time, twice, and beside webhooks.
 *
 * @throws the database's errors. An error of the provider ends the run and stands in the report.
 */
export async function reconcile(deps: ReconcileDeps, request: ReconcileRequest): Promise<ReconcileReport> {
  const orders =
    'orderIds' in request
      ? await findOrders(deps.pool, request.orderIds)
      : await findSilentOrders(deps.pool, request.silentForMs, request.ordersMax ?? RECONCILE_ORDERS_MAX)
  const known = new Set(orders.map(({ orderId }) => orderId))
  const report: Report = {
    askedCount: 0,
    outcomes: {},
    refunds: [],
    reviews: [],
    unknown: 'orderIds' in request ? [...new Set(request.orderIds)].filter((orderId) => !known.has(orderId)) : [],
    unanswered: orders.filter((order) => !isAskable(order.providerOrderId)).map(({ orderId }) => orderId),
    left: [],
  }

  const askable = orders.filter((order) => isAskable(order.providerOrderId))
  for (let start = 0; start < askable.length; start += STATUS_ORDERS_MAX) {
    const stoppedBy = await reconcileSome(deps, askable.slice(start, start + STATUS_ORDERS_MAX), report)
    if (stoppedBy === undefined) continue
    report.stoppedBy = stoppedBy
    report.left = askable.slice(start).map(({ orderId }) => orderId)
    break
  }
  const { askedCount, outcomes, stoppedBy } = report
  deps.log.info({ askedCount, outcomes, stoppedBy, refunds: report.refunds.length }, 'reconciled')
  return report
}

/** @returns why it could not be done. */
async function reconcileSome(
  { provider, batcher, newId, log }: ReconcileDeps,
  orders: readonly FoundOrder[],
  report: Report,
): Promise<Report['stoppedBy']> {
  try {
    const answers = await provider.statuses(orders.map(({ providerOrderId }) => providerOrderId))
    report.askedCount += orders.length
    const receivedAt = new Date()
    const answered = orders.filter(({ providerOrderId }) => answers.has(providerOrderId))
    const deliveries = answered.map(({ providerOrderId }): Delivery => {
      const { update, body } = answers.get(providerOrderId)!
      return { deliveryId: `reconcile:${newId()}`, provider: PROVIDER, update, body, receivedAt, origin: 'reconcile' }
    })
    const results = await batcher.submit(deliveries)
    if (typeof results === 'string') return results

    const unanswered = orders.filter(({ providerOrderId }) => !answers.has(providerOrderId))
    report.unanswered.push(...unanswered.map(({ orderId }) => orderId))
    results.forEach((result, index) => note(report, answered[index]!, result))
    return undefined
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    log.warn({ err: error, code: error.code }, 'the provider could not be asked')
    return error.code
  }
}

function note(report: Report, { orderId }: FoundOrder, { outcome, refund, review }: DeliveryResult): void {
  report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1
  if (refund !== undefined) report.refunds.push({ orderId, amount: formatMoney(refund) })
  if (review !== undefined) report.reviews.push({ orderId, reason: review })
}
