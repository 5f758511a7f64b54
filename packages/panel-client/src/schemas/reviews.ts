import {
  currencySchema,
  identifierSchema,
  moneySchema,
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
import { providerNameSchema } from './provider-name.ts'
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
  order: z.enum(['newest', 'oldest']).default('newest').describe('Which come first.'),
})

/** The query of `GET /v1/reviews/preview`. */
export const previewResolutionsQuery = z.strictObject({
  reason: reviewReasonSchema,
  action: z.enum(['approve', 'dismiss', 'set_status']),
  status: orderStatusSchema.optional().describe('For `set_status`.'),
})

/** The response of `GET /v1/reviews/preview`. */
export const resolutionPreviewSchema = z.object({
  previewed: z.int().nonnegative().describe('The reviews that it covers, the oldest; at most 1,000.'),
  hasMore: z.boolean(),
  unchanged: z.int().nonnegative().describe('Those whose orders would stay as they are.'),
  changed: z.int().nonnegative(),
  impossible: z
    .int()
    .nonnegative()
    .describe('Those that it cannot resolve: without an order, or without a refund that waits.'),
  refunds: z.array(z.object({ currency: currencySchema, count: z.int().positive(), amount: moneySchema })),
})
z.globalRegistry.add(resolutionPreviewSchema, { id: 'ResolutionPreview' })

/** The maximum number of deliveries and of other reviews that a review contains. */
export const REVIEW_PARTS_MAX = 100

export const orderRefundSchema = z.object({
  refundId: z.uuid(),
  amount: z.string(),
  orderRefunded: z.string(),
  at: z.string(),
})

/** The refund that waits for the approval of a review. */
export const proposedRefundSchema = z.object({
  refund: positiveMoneySchema.describe('What the approval pays now, in addition to earlier refunds.'),
  status: orderStatusSchema.describe('The status of the order after the approval.'),
  remains: z.int().nullable(),
})

/** The status word of a review that was in no map. */
export const unknownWordSchema = z.object({
  provider: providerNameSchema,
  word: z.string().describe('In lower case, without spaces, `_` and `-`, which make no difference.'),
  status: z
    .enum([...orderStatusSchema.options, 'ignore'])
    .nullable()
    .describe('What it means by now; null while it is in no map.'),
  deliveries: z
    .int()
    .nonnegative()
    .describe('The deliveries of all orders with this word that are not replayed yet; at most 10,000 are counted.'),
})
export type UnknownWord = z.infer<typeof unknownWordSchema>

const meaningSchema = z
  .enum([...orderStatusSchema.options, 'ignore'])
  .describe('`ignore` for a word that changes nothing.')

/** The body of `POST /v1/reviews/{reviewId}/map-word`. */
export const mapWordSchema = z.strictObject({
  status: meaningSchema,
  actor: decisionFields.actor,
})
z.globalRegistry.add(mapWordSchema, { id: 'MapWord' })

/** The response of `POST /v1/reviews/{reviewId}/map-word`. */
export const mappedWordSchema = z.object({
  provider: providerNameSchema,
  word: unknownWordSchema.shape.word,
  status: meaningSchema,
})
z.globalRegistry.add(mappedWordSchema, { id: 'MappedWord' })

export const previewWordQuery = z.strictObject({ status: meaningSchema })

/** The response of `GET /v1/reviews/{reviewId}/word-preview`. */
export const wordPreviewSchema = mappedWordSchema.extend({
  deliveries: unknownWordSchema.shape.deliveries,
  previewed: z.int().nonnegative().describe('How many of them, the oldest, this preview covers; at most 1,000.'),
  unchanged: z.int().nonnegative().describe('The previewed ones that would change no order.'),
  changed: z.int().nonnegative(),
  inReview: z.int().nonnegative().describe('The previewed ones that would be in review for another reason.'),
  refunds: z
    .array(z.object({ currency: currencySchema, count: z.int().positive(), amount: moneySchema }))
    .describe('What the previewed ones would pay, without approvals and verifications that they may need.'),
})
z.globalRegistry.add(wordPreviewSchema, { id: 'WordPreview' })

/** The body of `POST /v1/reviews/{reviewId}/replay`. */
export const replayWordSchema = z.strictObject({
  limit: z.int().min(1).max(100).default(50).describe('How many to replay in this request.'),
  actor: decisionFields.actor,
})
z.globalRegistry.add(replayWordSchema, { id: 'ReplayWord' })

/** The response of `POST /v1/reviews/{reviewId}/replay`. */
export const wordReplaySchema = unknownWordSchema.omit({ deliveries: true, status: true }).extend({
  status: unknownWordSchema.shape.status.unwrap(),
  replayed: z.int().nonnegative(),
  outcomes: z.record(z.string(), z.int().positive()).describe('How many replays had each outcome.'),
  refunds: z.array(z.object({ deliveryId: z.string(), amount: moneySchema })).describe('What the replays paid.'),
  reviewsDismissed: z.int().nonnegative().describe('Reviews that no unknown word keeps open any more.'),
  remaining: z.int().nonnegative().describe('Deliveries that are left; repeat the request until it is 0.'),
})
z.globalRegistry.add(wordReplaySchema, { id: 'WordReplay' })

/** A review with its order, account, deliveries and refunds. */
export const reviewCaseSchema = z.object({
  review: reviewSchema,
  userId: identifierSchema.nullable(),
  order: orderSchema.nullable(),
  account: accountSchema.nullable(),
  proposal: proposedRefundSchema
    .nullable()
    .describe('The refund that waits for this review, of all its deliveries together; null when none does.'),
  unknownWord: unknownWordSchema.nullable().describe('For `unknown_status`: the word; null for other reasons.'),
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
  z.strictObject({
    action: z.literal('approve'),
    amount: positiveMoneySchema.describe('The refund of the `proposal`; rejected when it is another one now.'),
    ...decisionFields,
  }),
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
export type ReplayWordRequest = z.input<typeof replayWordSchema>
export type PreviewResolutionsQuery = z.input<typeof previewResolutionsQuery>
export type ResolutionPreview = z.infer<typeof resolutionPreviewSchema>
export type MapWordRequest = z.input<typeof mapWordSchema>
export type MappedWordView = z.infer<typeof mappedWordSchema>
export type WordPreviewView = z.infer<typeof wordPreviewSchema>
export type WordReplay = z.infer<typeof wordReplaySchema>
export type ResolveRequest = z.input<typeof resolveSchema>
export type ResolvedReview = z.infer<typeof resolvedSchema>
