import type { OrderStatus } from '@paxyo/contracts'
import type { Database } from '@paxyo/database'
import { REVIEW_REASONS, type ReviewReason } from '@paxyo/order-core'
import type { Review } from '@paxyo/panel-client'
import type { Kysely } from 'kysely'

export const selectReviews = (db: Kysely<Database>) =>
  db
    .selectFrom('reviews')
    .select([
      'review_id',
      'order_id',
      'delivery_id',
      'reason',
      'detail',
      'opened_at',
      'count',
      'last_at',
      'resolved_at',
      'resolved_by',
      'resolved_with',
      'resolution',
      'resolution_note',
      'resolution_status',
      'resolution_refund_id',
    ])

export type ReviewRow = Awaited<ReturnType<ReturnType<typeof selectReviews>['execute']>>[number]

export function toReview(row: ReviewRow): Review {
  const reason = row.reason as ReviewReason
  return {
    reviewId: row.review_id,
    reason,
    meaning: REVIEW_REASONS[reason],
    detail: row.detail,
    orderId: row.order_id,
    deliveryId: row.delivery_id,
    openedAt: row.opened_at.toISOString(),
    count: row.count,
    lastAt: (row.last_at ?? row.opened_at).toISOString(),
    resolution:
      row.resolved_at === null
        ? null
        : {
            action: row.resolution as NonNullable<Review['resolution']>['action'],
            note: row.resolution_note!,
            by: row.resolved_by!,
            keyId: row.resolved_with!,
            at: row.resolved_at.toISOString(),
            refundId: row.resolution_refund_id,
            status: row.resolution_status as OrderStatus | null,
          },
  }
}
