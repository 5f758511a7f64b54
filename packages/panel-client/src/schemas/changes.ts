import {
  accountViewSchema,
  boundedText,
  identifierSchema,
  orderEventSchema,
  orderStatusSchema,
  refundViewSchema,
  timestampSchema,
  type OrderEvent,
  type OrderView,
} from '@paxyo/contracts'
import { z } from 'zod'
import { panelOrderSchema } from './orders.ts'
import { reviewReasonSchema } from './review-reason.ts'

type EventKind = OrderEvent['event']
type OrderKind = Extract<OrderEvent, { readonly order: OrderView }>['event']

/** Every event is a change, of the same type. */
const kindsOf = (isOfOrder: boolean): EventKind[] =>
  orderEventSchema.options.filter(({ shape }) => 'order' in shape === isOfOrder).map(({ shape }) => shape.event.value)
const ORDER_KINDS = kindsOf(true) as OrderKind[]
const ACCOUNT_KINDS = kindsOf(false) as Exclude<EventKind, OrderKind>[]
/** The kinds that change a registered order. */
const UPDATE_KINDS = ORDER_KINDS.filter((kind) => kind !== 'order.registered')

export const CHANGE_TYPES = [...ORDER_KINDS, ...ACCOUNT_KINDS, 'review.opened', 'review.resolved'] as const

/** The longest time that a request is held until there is a change. */
export const CHANGES_WAIT_S_MAX = 30
/** The maximum number of changes in a response. */
export const CHANGES_MAX = 500

const base = {
  id: z.string().describe('The cursor after this change.'),
  at: timestampSchema,
}
const ofUser = { userId: identifierSchema, seq: z.int().positive().describe("Its place in the user's stream.") }

const orderFields = {
  ...base,
  ...ofUser,
  order: panelOrderSchema.describe('The order after the change.'),
  account: accountViewSchema.describe("The user's account after the change."),
}

const reviewFields = {
  ...base,
  review: z.object({
    reviewId: z.uuid(),
    reason: reviewReasonSchema,
    deliveryId: z.string(),
    openedAt: timestampSchema,
    resolution: z
      .object({ action: z.string(), by: z.string(), note: z.string(), at: timestampSchema })
      .nullable()
      .describe('Null while it is open.'),
  }),
  order: panelOrderSchema
    .nullable()
    .describe('The order as it is now; null when the provider named no registered one.'),
  userId: identifierSchema.nullable(),
  seq: z.int().nonnegative().nullable().describe("The user's seq now."),
}

/** A committed change. */
export const changeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('order.registered'), ...orderFields, previousStatus: z.null() }),
  z.object({
    type: z.literal(UPDATE_KINDS),
    ...orderFields,
    previousStatus: orderStatusSchema,
    refund: refundViewSchema.optional().describe('Set when money was refunded.'),
  }),
  z.object({ type: z.literal(ACCOUNT_KINDS), ...base, ...ofUser, account: accountViewSchema }),
  z.object({ type: z.literal('review.opened'), ...reviewFields }),
  z.object({ type: z.literal('review.resolved'), ...reviewFields }),
])
z.globalRegistry.add(changeSchema, { id: 'Change' })

const anyType = CHANGE_TYPES.map((type) => type.replace('.', '\\.')).join('|')

export const readChangesQuery = z.strictObject({
  after: z
    .string()
    .max(64)
    .optional()
    .describe('`cursor` of the previous response; without it, the response only has the cursor of now.'),
  types: boundedText(
    200,
    new RegExp(`^(?:${anyType})(?:,(?:${anyType})){0,${CHANGE_TYPES.length - 1}}$`),
    `must be a list of ${CHANGE_TYPES.join(', ')}`,
  )
    .optional()
    .describe('A comma-separated list of types; all by default.'),
  limit: z.coerce
    .number<number>()
    .int()
    .min(1)
    .max(CHANGES_MAX)
    .default(100)
    .describe('The maximum number of changes to return.'),
  wait: z.coerce
    .number<number>()
    .int()
    .min(0)
    .max(CHANGES_WAIT_S_MAX)
    .default(0)
    .describe('Hold the request for up to this many seconds until there is a change.'),
})

/** The response of `GET /v1/changes`. */
export const changeFeedSchema = z.object({
  data: z.array(changeSchema),
  cursor: z.string().describe('Store it, and send it as `after` next time; it is set even when `data` is empty.'),
  hasMore: z.boolean().describe('Whether more changes can be read immediately, also when `data` is empty.'),
})

export type PanelChange = z.infer<typeof changeSchema>
export type ChangeType = (typeof CHANGE_TYPES)[number]
export type ReadChangesQuery = z.input<typeof readChangesQuery>
export type ChangeFeed = z.infer<typeof changeFeedSchema>
