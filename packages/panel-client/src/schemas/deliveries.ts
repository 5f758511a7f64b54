import {
  boundedText,
  identifierSchema,
  moneySchema,
  orderStatusSchema,
  RECORDED_OUTCOMES,
  seqSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'
import { positionFields } from './position.ts'
import { providerNameSchema } from './provider-name.ts'
import { reviewReasonSchema } from './review-reason.ts'

/** A time in a query or a body, in ISO 8601 with an offset from UTC. */
export const instantSchema = z.iso.datetime({ offset: true })

/** It may contain the provider's id of a message, so its format is not fixed. */
export const deliveryIdSchema = boundedText(512, /^[^\p{C}]+$/u, 'must be printable')

/** The outcome of a delivery; a duplicate is not recorded. */
export const deliveryOutcomeSchema = z.enum(RECORDED_OUTCOMES)

/** One update of a webhook request, with its outcome. */
export const deliverySchema = z.object({
  deliveryId: z.string(),
  provider: z.string(),
  providerOrderId: identifierSchema.nullable().describe('Null when the provider named no order.'),
  orderId: identifierSchema.nullable().describe('Null when no order is registered for it.'),
  userId: identifierSchema.nullable().describe('The user of the order.'),
  orderStatus: orderStatusSchema
    .nullable()
    .describe('The status of the order now; other deliveries may have followed.'),
  outcome: deliveryOutcomeSchema,
  reason: reviewReasonSchema.nullable().describe('Why it was put up for review.'),
  receivedAt: timestampSchema,
  replayOf: z.string().nullable().describe('The delivery that this one replays.'),
})
z.globalRegistry.add(deliverySchema, { id: 'Delivery' })

/** A delivery with its body. */
export const fullDeliverySchema = deliverySchema.extend({
  body: z
    .string()
    .nullable()
    .describe('The text that the provider sent about this order; null when it is not kept any more.'),
})
z.globalRegistry.add(fullDeliverySchema, { id: 'FullDelivery' })

export type DeliveryView = z.infer<typeof deliverySchema>
export type FullDeliveryView = z.infer<typeof fullDeliverySchema>

export const listDeliveriesQuery = z.strictObject({
  ...pageQuery,
  outcome: deliveryOutcomeSchema.optional(),
  orderId: identifierSchema.optional(),
  userId: identifierSchema.optional().describe('Those about orders of this user.'),
  provider: providerNameSchema.optional(),
  providerOrderId: identifierSchema.optional(),
  from: instantSchema.optional().describe('Received at this time or later.'),
  to: instantSchema.optional().describe('Received before this time.'),
})

export const REPLAYS_SHOWN_MAX = 100

/** The response of `GET /v1/deliveries/{deliveryId}`. */
export const deliveryResponseSchema = z.object({
  delivery: fullDeliverySchema,
  replays: z.array(deliverySchema).describe(`The newest ${REPLAYS_SHOWN_MAX} replays of this delivery, newest first.`),
})

/** The result of a replay. */
export const replayResultSchema = z.object({
  deliveryId: z.string().describe('The original delivery from the provider.'),
  replayId: z.string().nullable().describe('The new delivery; null when none was needed.'),
  outcome: z
    .enum([...deliveryOutcomeSchema.options, 'duplicate', 'overtaken', 'body_deleted', 'unknown_provider'])
    .describe(
      '`overtaken`: it was applied, and so was a newer update since. `parked`: its order is not registered yet. `awaiting_verification`: the provider is being asked. `body_deleted`: its body is not kept any more. `unknown_provider`: its provider is no longer configured, so its body cannot be parsed.',
    ),
  reason: reviewReasonSchema.nullable(),
  refund: moneySchema.nullable().describe('The refund of this replay.'),
  userId: identifierSchema.nullable(),
  seq: seqSchema.nullable().describe("The user's seq after this."),
})
z.globalRegistry.add(replayResultSchema, { id: 'Replay' })

/** The body of `POST /v1/deliveries/replay`. */
export const replayRangeSchema = z.strictObject({
  from: instantSchema.describe('Received at this time or later.'),
  to: instantSchema.optional().describe('Received before this time; now by default.'),
  outcome: deliveryOutcomeSchema.optional(),
  limit: z.int().min(1).max(100).default(50).describe('How many to replay in this request.'),
  cursor: pageQuery.cursor.describe('`nextCursor` of the previous response; the other members must be the same.'),
})
z.globalRegistry.add(replayRangeSchema, { id: 'ReplayRange' })

/** The response of `POST /v1/deliveries/{deliveryId}/replay`. */
export const replayResponseSchema = replayResultSchema.extend({ epoch: positionFields.epoch })

/** The response of `POST /v1/deliveries/replay`. */
export const replayPageSchema = z.object({
  data: z.array(replayResultSchema),
  nextCursor: z.string().nullable().describe('Repeat the request with this cursor; null when all are done.'),
  epoch: positionFields.epoch,
})

export type ListDeliveriesQuery = z.input<typeof listDeliveriesQuery>
export type DeliveryResponse = z.infer<typeof deliveryResponseSchema>
export type Replay = z.infer<typeof replayResultSchema>
export type ReplayResponse = z.infer<typeof replayResponseSchema>
export type ReplayRange = z.input<typeof replayRangeSchema>
export type ParsedReplayRange = z.output<typeof replayRangeSchema>
export type ReplayPage = z.infer<typeof replayPageSchema>
