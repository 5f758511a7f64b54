import { identifierSchema, orderStatusSchema, timestampSchema, type OrderStatus } from '@paxyo/contracts'
import type { Database } from '@paxyo/database'
import { REVIEW_REASONS, type ReviewReason } from '@paxyo/order-core'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { namedSchemas } from '../kit/operation.ts'

export const reviewReasonSchema = z.enum(Object.keys(REVIEW_REASONS) as [ReviewReason, ...ReviewReason[]])

/** How a person has settled a review. */
export const resolutionSchema = z.object({
  action: z.enum(['dismiss', 'refund', 'set_status']),
  note: z.string().describe('Why.'),
  by: z.string().describe('Who, as the request said; else the name of its API key.'),
  keyId: z.string().describe('The public part of the API key, or `environment`.'),
  at: timestampSchema,
  refundId: z.uuid().nullable(),
  status: orderStatusSchema.nullable().describe('What the order was set to.'),
})

/** Something that a person must look at. */
export const reviewSchema = z.object({
  reviewId: z.uuid(),
  reason: reviewReasonSchema,
  meaning: z.string(),
  orderId: identifierSchema.nullable().describe('Null when the provider named no order that we know.'),
  deliveryId: z.string(),
  openedAt: timestampSchema,
  resolution: resolutionSchema.nullable().describe('Null while it is open.'),
})
namedSchemas.add(reviewSchema, { id: 'Review' })

export type Review = z.infer<typeof reviewSchema>

export const selectReviews = (db: Kysely<Database>) =>
  db
    .selectFrom('reviews')
    .select([
      'review_id',
      'order_id',
      'delivery_id',
      'reason',
      'opened_at',
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
    orderId: row.order_id,
    deliveryId: row.delivery_id,
    openedAt: row.opened_at.toISOString(),
    resolution:
      row.resolved_at === null
        ? null
        : {
            action: row.resolution as z.infer<typeof resolutionSchema>['action'],
            note: row.resolution_note!,
            by: row.resolved_by!,
            keyId: row.resolved_with!,
            at: row.resolved_at.toISOString(),
            refundId: row.resolution_refund_id,
            status: row.resolution_status as OrderStatus | null,
          },
  }
}
