import {
  identifierSchema,
  orderStatusSchema,
  orderViewSchema,
  positiveMoneySchema,
  refundViewSchema,
  seqSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { accountSchema } from './accounts.ts'
import { fullDeliverySchema } from './deliveries.ts'
import { decisionFields } from './decision.ts'
import { pageQuery } from './page.ts'
import { positionFields } from './position.ts'
import { reviewReasonSchema } from './review-reason.ts'

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
  count: z.int().positive().describe('How many times the same happened to the order while it was open.'),
  lastAt: timestampSchema.describe('When it happened last.'),
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

/** How many deliveries and other reviews of an order a review shows. */
export const REVIEW_PARTS_MAX = 100

export const orderRefundSchema = z.object({
  refundId: z.uuid(),
  amount: z.string(),
  orderRefunded: z.string(),
  at: z.string(),
})

/** A review with everything that led to it. */
export const reviewCaseSchema = z.object({
  review: reviewSchema,
  userId: identifierSchema.nullable(),
  order: orderViewSchema.nullable(),
  account: accountSchema.nullable(),
  delivery: fullDeliverySchema.describe('What opened the review.'),
  deliveries: z
    .array(fullDeliverySchema)
    .describe(`Everything about this order, the newest ${REVIEW_PARTS_MAX} first.`),
  refunds: z.array(orderRefundSchema).describe("The order's refunds, in the order in which they were paid."),
  otherReviews: z.array(reviewSchema).describe(`Those of the same order, the newest ${REVIEW_PARTS_MAX} first.`),
})

export type ReviewCase = z.infer<typeof reviewCaseSchema>

/** What `POST /v1/reviews/{reviewId}/resolve` takes. */
export const resolveSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('dismiss'), ...decisionFields }),
  z.strictObject({
    action: z.literal('refund'),
    amount: positiveMoneySchema.describe('What is paid back beside what was before; no more than the charge in all.'),
    status: orderStatusSchema.optional().describe('What the order becomes; it stays as it is without it.'),
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
  order: orderViewSchema.nullable(),
  account: accountSchema.nullable(),
  refund: refundViewSchema.nullable(),
  seq: seqSchema.nullable().describe("The user's seq after this change; null when the review is about no order."),
  epoch: positionFields.epoch,
})

export type ListReviewsQuery = z.input<typeof listReviewsQuery>
export type ResolveRequest = z.input<typeof resolveSchema>
export type ResolvedReview = z.infer<typeof resolvedSchema>
