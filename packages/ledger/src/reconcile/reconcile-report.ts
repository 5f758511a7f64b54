import type { OrderStatus } from '@paxyo/contracts'
import { formatMoney, type ProviderError, type ProviderErrorCode, type StatusUpdate } from '@paxyo/order-core'
import type { NotCommitted } from '../deliveries/batcher.ts'
import type { DeliveryResult } from '../model/delivery.ts'
import type { FoundOrder } from './find-orders.ts'
import { isLate } from './asked-orders.ts'

export interface ReconcileReport {
  /** How many orders were asked about. */
  readonly askedCount: number
  /** How many responses led to each outcome. */
  readonly outcomes: Readonly<Partial<Record<DeliveryResult['outcome'], number>>>
  readonly refunds: readonly { readonly orderId: string; readonly amount: string }[]
  /** Orders with a new review. */
  readonly reviews: readonly { readonly orderId: string; readonly reason: string }[]
  /** Orders that had ended at the provider, although no webhook had reported it. */
  readonly late: readonly { readonly orderId: string; readonly status: OrderStatus }[]
  /** Orders of the request that are not registered. */
  readonly unknown: readonly string[]
  /** Orders that the provider's response left out, or that it cannot be asked about. */
  readonly withoutResponse: readonly string[]
  /** Requests to providers that failed, with the provider's response. */
  readonly errors: readonly ReconcileError[]
  /** Why it stopped early or left a provider out, and the orders that were not asked about. */
  readonly stoppedBy?: ProviderErrorCode | NotCommitted
  readonly left: readonly string[]
}

export interface ReconcileError {
  readonly provider: string
  readonly code: ProviderErrorCode
  /** The HTTP status of the response; null when there was none. */
  readonly status: number | null
  /** With the first words of the response. */
  readonly message: string
}

/** A report that is being written. */
export type OpenReport = { -readonly [Name in keyof ReconcileReport]: ReconcileReport[Name] } & {
  outcomes: Partial<Record<DeliveryResult['outcome'], number>>
  refunds: { orderId: string; amount: string }[]
  reviews: { orderId: string; reason: string }[]
  late: { orderId: string; status: OrderStatus }[]
  withoutResponse: string[]
  errors: ReconcileError[]
  left: string[]
}

export function openReport(unknown: readonly string[]): OpenReport {
  return {
    askedCount: 0,
    outcomes: {},
    refunds: [],
    reviews: [],
    late: [],
    unknown,
    withoutResponse: [],
    errors: [],
    left: [],
  }
}

/** Adds the result of a committed response. */
export function addResult(
  report: OpenReport,
  { orderId }: FoundOrder,
  update: StatusUpdate,
  result: DeliveryResult,
): void {
  const { outcome, refund, review } = result
  report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1
  if (refund !== undefined) report.refunds.push({ orderId, amount: formatMoney(refund) })
  if (review !== undefined) report.reviews.push({ orderId, reason: review })
  if (isLate(update, result)) report.late.push({ orderId, status: update.status as OrderStatus })
}

export function addError(report: OpenReport, provider: string, { code, status, message }: ProviderError): void {
  report.errors.push({ provider, code, status: status ?? null, message })
}
