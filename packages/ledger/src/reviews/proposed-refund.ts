import { afterUpdates, NEEDS_APPROVAL, type Money, type OrderState, type StatusUpdate } from '@paxyo/order-core'
import type { PoolClient } from 'pg'
import { repeatsApproval, waitsForApproval } from '../audit/waits-for-approval.ts'

/** What the approval of a waiting refund would do. */
export interface ProposedRefund {
  readonly refund: Money
  /** The order's status, remains and start count afterwards. */
  readonly order: Pick<OrderState, 'status' | 'remains' | 'startCount'>
}

// $1 is the review.
const WAITING_DELIVERIES = `
  FROM deliveries, reviews JOIN orders USING (order_id)
  WHERE review_id = $1 AND reviews.reason = '${NEEDS_APPROVAL}'
    AND deliveries.provider_order_id = orders.provider_order_id AND deliveries.provider = orders.provider
    AND ${waitsForApproval('deliveries')}
    AND (deliveries.delivery_id = reviews.delivery_id OR NOT ${repeatsApproval('deliveries')})`

const READ_WAITING = `
  SELECT deliveries.waiting_update AS update ${WAITING_DELIVERIES}
  ORDER BY deliveries.received_at, deliveries.delivery_id`

const CLEAR_WAITING = `
  UPDATE deliveries SET waiting_update = NULL
  WHERE delivery_id IN (SELECT deliveries.delivery_id ${WAITING_DELIVERIES})`

/**
 * The updates that wait for a review's approval, in order of arrival.
 *
 * @example
 * await transaction(pool, (client) => readWaitingUpdates(client, newId())) //=> []
 */
export async function readWaitingUpdates(client: PoolClient, reviewId: string): Promise<StatusUpdate[]> {
  const { rows } = await client.query<{ update: string }>(READ_WAITING, [reviewId])
  return rows.map(({ update }) => JSON.parse(update) as StatusUpdate)
}

/** A resolved review leaves no update behind that the approval of a later one would apply. */
export async function clearWaitingUpdates(client: PoolClient, reviewId: string): Promise<void> {
  await client.query(CLEAR_WAITING, [reviewId])
}

/**
 * The refund that the updates of a review would pay.
 *
 * @returns undefined when the updates would refund nothing to the order as it is now.
 * @example
 * const pending = { status: 'pending', quantity: 1000, runs: 1, charge: 250_000_000n, remains: null, startCount: null, refunded: 0n } as const
 * proposeRefund(pending, []) //=> undefined
 */
export function proposeRefund(order: OrderState, updates: readonly StatusUpdate[]): ProposedRefund | undefined {
  const { status, remains, startCount, refunded } = afterUpdates(order, updates)
  const refund = refunded - order.refunded
  return refund > 0n ? { refund, order: { status, remains, startCount } } : undefined
}
