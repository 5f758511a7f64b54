import { OPEN_STATUSES } from '@paxyo/contracts'
import type { StatusUpdate } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { DeliveryResult } from '../model/delivery.ts'
import type { FoundOrder } from './find-orders.ts'

/** What one request to a provider found. */
export interface AskedOrders {
  readonly provider: string
  readonly asked: number
  /** Orders that the response changed: their status, remains or start count. */
  readonly changed: number
  /** Those of them that had ended at the provider, although no webhook had reported it. */
  readonly late: number
}

export function countAsked(
  provider: string,
  asked: number,
  results: readonly { readonly update: StatusUpdate; readonly result: DeliveryResult }[],
): AskedOrders {
  const changed = results.filter(({ result: { outcome } }) => outcome === 'applied' || outcome === 'progress')
  const late = changed.filter(({ update, result }) => isLate(update, result))
  return { provider, asked, changed: changed.length, late: late.length }
}

/** Whether a response ended an order. A webhook about each step is not expected, but one about the end is. */
export function isLate({ status }: StatusUpdate, { outcome }: DeliveryResult): boolean {
  return outcome === 'applied' && !OPEN_STATUSES.some((open) => open === status)
}

const RECORD_ATTEMPT = `
  INSERT INTO reconciliations (order_id, tried_at, asked_at)
  SELECT order_id, clock_timestamp(), CASE WHEN $2 THEN clock_timestamp() END
  FROM unnest($1::text[]) AS asked (order_id) ORDER BY order_id
  ON CONFLICT (order_id) DO UPDATE
  SET tried_at = excluded.tried_at, asked_at = coalesce(excluded.asked_at, reconciliations.asked_at)`

/** Records when the provider was asked about these orders, and whether the request succeeded. */
export async function recordAttempt(pool: Pool, orders: readonly FoundOrder[], hasResponse: boolean): Promise<void> {
  if (orders.length === 0) return
  await pool.query(RECORD_ATTEMPT, [orders.map(({ orderId }) => orderId), hasResponse])
}
