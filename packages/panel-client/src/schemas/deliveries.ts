import {
  boundedText,
  identifierSchema,
  moneySchema,
  RECORDED_OUTCOMES,
  seqSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'
import { positionFields } from './position.ts'
import { providerNameSchema } from './provider-name.ts'
import { reviewReasonSchema } from './review-reason.ts'

/** A moment in a query or a body, ISO 8601 with its offset from UTC. */
export const instantSchema = z.iso.datetime({ offset: true })

/** The provider's own id of a message may be a part of it, so that it is not one of ours alone. */
export const deliveryIdSchema = boundedText(512, /^[^\p{C}]+$/u, 'must be printable')

/** What a delivery has become; a duplicate is no delivery of its own. */
export const deliveryOutcomeSchema = z.enum(RECORDED_OUTCOMES)

/** One update of a webhook request, and what became of it. */
export const deliverySchema = z.object({
  deliveryId: z.string(),
  provider: z.string(),
  providerOrderId: identifierSchema.nullable().describe('Null when the provider named no order.'),
  orderId: identifierSchema.nullable().describe('Null when no order is registered for it.'),
  outcome: deliveryOutcomeSchema,
  reason: reviewReasonSchema.nullable().describe('Why it was put up for review.'),
  receivedAt: timestampSchema,
  replayOf: z.string().nullable().describe('The delivery that this one is once more, at a person’s wish.'),
})
z.globalRegistry.add(deliverySchema, { id: 'Delivery' })

/** With what the provider sent. */
export const fullDeliverySchema = deliverySchema.extend({
  body: z.string().describe('What the provider sent about this order, as text.'),
})
z.globalRegistry.add(fullDeliverySchema, { id: 'FullDelivery' })

export type DeliveryView = z.infer<typeof deliverySchema>
export type FullDeliveryView = z.infer<typeof fullDeliverySchema>

export const listDeliveriesQuery = z.strictObject({
  ...pageQuery,
  outcome: deliveryOutcomeSchema.optional(),
  orderId: identifierSchema.optional(),
  provider: providerNameSchema.optional(),
  providerOrderId: identifierSchema.optional(),
  from: instantSchema.optional().describe('Received at this time or later.'),
  to: instantSchema.optional().describe('Received before this time.'),
})

export const REPLAYS_SHOWN_MAX = 100

/** What `GET /v1/deliveries/{deliveryId}` returns. */
export const deliveryResponseSchema = z.object({
  delivery: fullDeliverySchema,
  replays: z.array(deliverySchema).describe(`Those of this delivery, the newest ${REPLAYS_SHOWN_MAX} first.`),
})

/** What became of a delivery that was to be replayed. */
export const replayResultSchema = z.object({
  deliveryId: z.string().describe('The delivery as the provider sent it.'),
  replayId: z.string().nullable().describe('The new delivery; null when there was no need for one.'),
  outcome: z
    .enum([...deliveryOutcomeSchema.options, 'duplicate', 'overtaken', 'unknown_provider'])
    .describe(
      '`overtaken`: it was applied in its time, and something newer has been since. `parked`: its order is not registered yet. `awaiting_verification`: the provider is being asked. `unknown_provider`: its provider is not configured any more, so its body cannot be read.',
    ),
  reason: reviewReasonSchema.nullable(),
  refund: moneySchema.nullable().describe('What this replay paid back.'),
  userId: identifierSchema.nullable(),
  seq: seqSchema.nullable().describe("The user's seq after this."),
})
z.globalRegistry.add(replayResultSchema, { id: 'Replay' })

/** What `POST /v1/deliveries/replay` takes. */
export const replayRangeSchema = z.strictObject({
  from: instantSchema.describe('Received at this time or later.'),
  to: instantSchema.optional().describe('Received before this time; before now without it.'),
  outcome: deliveryOutcomeSchema.optional(),
  limit: z.int().min(1).max(100).default(50).describe('How many to replay in this request.'),
  cursor: pageQuery.cursor.describe('`nextCursor` of the request before; all else must be the same.'),
})
z.globalRegistry.add(replayRangeSchema, { id: 'ReplayRange' })

/** What `POST /v1/deliveries/{deliveryId}/replay` returns. */
export const replayResponseSchema = replayResultSchema.extend({ epoch: positionFields.epoch })

/** What `POST /v1/deliveries/replay` returns. */
export const replayPageSchema = z.object({
  data: z.array(replayResultSchema),
  nextCursor: z.string().nullable().describe('Send the request again with this; null when all is done.'),
  epoch: positionFields.epoch,
})

export type ListDeliveriesQuery = z.input<typeof listDeliveriesQuery>
export type DeliveryResponse = z.infer<typeof deliveryResponseSchema>
export type Replay = z.infer<typeof replayResultSchema>
export type ReplayResponse = z.infer<typeof replayResponseSchema>
export type ReplayRange = z.input<typeof replayRangeSchema>
export type ParsedReplayRange = z.output<typeof replayRangeSchema>
export type ReplayPage = z.infer<typeof replayPageSchema>
