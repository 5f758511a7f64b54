import {
  identifierSchema,
  orderStatusSchema,
  positiveMoneySchema,
  refundViewSchema,
  seqSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { accountSchema } from './accounts.ts'
import { fullDeliverySchema } from './deliveries.ts'
import { decisionFields } from './decision.ts'
import { orderSchema } from './order.ts'
import { pageQuery } from './page.ts'
import { positionFields } from './position.ts'
import { reviewReasonSchema } from './review-reason.ts'

/** A person's resolution of a review. */
export const resolutionSchema = z.object({
  action: z.enum(['dismiss', 'refund', 'set_status']),
  note: z.string().describe('Why.'),
  by: z.string().describe('The `actor` of the request, or the name of its API key.'),
  keyId: z.string().describe('The public part of the API key, or `environment`.'),
  at: timestampSchema,
  refundId: z.uuid().nullable(),
  status: orderStatusSchema.nullable().describe('The new status of the order.'),
})

/** A case that a person must decide. */
export const reviewSchema = z.object({
  reviewId: z.uuid(),
  reason: reviewReasonSchema,
  meaning: z.string(),
  detail: z.string().nullable().describe('What else a decision needs, such as the two readings of an ambiguous count.'),
  orderId: identifierSchema.nullable().describe('Null when the provider named no registered order.'),
  deliveryId: z.string(),
  openedAt: timestampSchema,
  count: z.int().positive().describe('How many deliveries of the order had this reason while the review was open.'),
  lastAt: timestampSchema.describe('The time of the last of them.'),
  resolution: resolutionSchema.nullable().describe('Null while it is open.'),
})
z.globalRegistry.add(reviewSchema, { id: 'Review' })

export type Review = z.infer<typeof reviewSchema>

export const listReviewsQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(['open', 'resolved']).optional(),
  reason: reviewReasonSchema.optional(),
  orderId: identifierSchema.optional(),
})

/** The maximum number of deliveries and of other reviews that a review contains. */
export const REVIEW_PARTS_MAX = 100

export const orderRefundSchema = z.object({
  refundId: z.uuid(),
  amount: z.string(),
  orderRefunded: z.string(),
  at: z.string(),
})

/** A review with its order, account, deliveries and refunds. */
export const reviewCaseSchema = z.object({
  review: reviewSchema,
  userId: identifierSchema.nullable(),
  order: orderSchema.nullable(),
  account: accountSchema.nullable(),
  delivery: fullDeliverySchema.describe('The delivery that opened the review.'),
  deliveries: z
    .array(fullDeliverySchema)
    .describe(`The newest ${REVIEW_PARTS_MAX} deliveries of this order, newest first.`),
  refunds: z.array(orderRefundSchema).describe("The order's refunds, oldest first."),
  otherReviews: z
    .array(reviewSchema)
    .describe(`The newest ${REVIEW_PARTS_MAX} other reviews of the same order, newest first.`),
})

export type ReviewCase = z.infer<typeof reviewCaseSchema>

/** The body of `POST /v1/reviews/{reviewId}/resolve`. */
export const resolveSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('dismiss'), ...decisionFields }),
  z.strictObject({
    action: z.literal('refund'),
    amount: positiveMoneySchema.describe(
      'The amount to refund in addition to earlier refunds; together at most the charge.',
    ),
    status: orderStatusSchema.optional().describe('The new status of the order; unchanged by default.'),
    ...decisionFields,
  }),
  z.strictObject({
    action: z.literal('set_status'),
    status: orderStatusSchema.describe('No money moves, not even for `canceled`.'),
    ...decisionFields,
  }),
])
z.globalRegistry.add(resolveSchema, { id: 'Resolve' })

export const resolvedSchema = z.object({
  review: reviewSchema,
  order: orderSchema.nullable(),
  account: accountSchema.nullable(),
  refund: refundViewSchema.nullable(),
  seq: seqSchema.nullable().describe("The user's seq after this change; null when the review has no order."),
  epoch: positionFields.epoch,
})

export type ListReviewsQuery = z.input<typeof listReviewsQuery>
export type ResolveRequest = z.input<typeof resolveSchema>
export type ResolvedReview = z.infer<typeof resolvedSchema>
