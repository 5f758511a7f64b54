import {
  identifierSchema,
  moneySchema,
  orderEventSchema,
  orderStatusSchema,
  orderViewSchema,
  seqSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { orderActionSchema } from './order-actions.ts'
import { orderSchema } from './order.ts'
import { pageQuery, pageSchema } from './page.ts'
import { positionFields } from './position.ts'
import { providerNameSchema } from './provider-name.ts'
import { heldProviderOrderSchema } from './provider-orders.ts'

/** The response of `POST /v1/orders`. */
export const registeredSchema = z.object({
  order: orderSchema,
  ...positionFields,
  appliedDeliveries: z.int().nonnegative().describe('How many deliveries had been waiting for this order.'),
})

/** An order as the panel sees it. */
export const panelOrderSchema = orderSchema.extend({
  userId: identifierSchema,
  runs: z.int().positive().describe('How often the quantity is delivered; more than once in a drip-feed order.'),
  interval: z.int().nonnegative().nullable().describe('The minutes between two runs.'),
  payment: z.enum(['external', 'account']).describe('Whether the charge was taken from the account.'),
  createdAt: timestampSchema,
  refundedElsewhere: moneySchema.describe(
    'How much of `refunded` the previous system paid before the import: never credit it. "0" for an order that was not imported.',
  ),
})
z.globalRegistry.add(panelOrderSchema, { id: 'PanelOrder' })

export type PanelOrder = z.infer<typeof panelOrderSchema>
/** An order of a copy. */
export type CopiedOrder = PanelOrder & { readonly seq: number }

const timeSchema = z.iso.datetime({ offset: true })

export const listOrdersQuery = z.strictObject({
  ...pageQuery,
  userId: identifierSchema.optional(),
  provider: providerNameSchema.optional(),
  providerOrderId: identifierSchema
    .optional()
    .describe('The order that has this id at `provider`, or had it last; by default at the only one, or `godofpanel`.'),
  status: orderStatusSchema.optional(),
  from: timeSchema.optional().describe('Registered at this time or later.'),
  to: timeSchema.optional().describe('Registered before this time.'),
  updatedAfter: timeSchema
    .optional()
    .describe('Updated after this time: to copy them. Pages can then be shorter than the limit, or empty.'),
})

/** An order of the response of `GET /v1/orders`. */
const listedOrderSchema = panelOrderSchema.extend({
  seq: seqSchema
    .optional()
    .describe(
      "With `updatedAfter`: the end of the user's stream when the order was read. It has all changes up to there.",
    ),
})
z.globalRegistry.add(listedOrderSchema, { id: 'ListedOrder' })

/** The response of `GET /v1/orders`. */
export const orderPageSchema = pageSchema(listedOrderSchema).extend({
  changesCursor: z
    .string()
    .optional()
    .describe('With `updatedAfter`: the cursor of the changes feed at the first page. Continue there after the last.'),
})

/** The maximum length of each part of an order's history; the newest are shown. */
export const HISTORY_MAX = 100

const orderDeliverySchema = z.object({
  deliveryId: z.string(),
  provider: z.string(),
  providerOrderId: identifierSchema,
  outcome: z.string(),
  reason: z.string().nullable().describe('Why it was put up for review.'),
  body: z.string().nullable().describe('The text that the provider sent; null when it is not kept any more.'),
  receivedAt: timestampSchema,
})

const orderRefundSchema = z.object({
  refundId: z.uuid(),
  amount: moneySchema,
  balanceAfter: moneySchema,
  createdAt: timestampSchema,
  sent: z
    .object({ at: timestampSchema, connections: z.int().positive() })
    .nullable()
    .describe(
      "When, within a second, and to how many of the user's connections it was first sent. Null when it was not, or when its event is no longer kept.",
    ),
  seenAt: timestampSchema
    .nullable()
    .describe(
      'When a visible page of the user had shown it, at the latest. Null when it was not, or when its event is no longer kept.',
    ),
})

z.globalRegistry.add(orderEventSchema, { id: 'Event' })
z.globalRegistry.add(orderViewSchema, { id: 'EventOrder' })

/** The response of `GET /v1/orders/{orderId}`. */
export const orderHistorySchema = z.object({
  order: panelOrderSchema,
  ...positionFields,
  providerOrders: z
    .array(heldProviderOrderSchema)
    .describe('The provider orders that the order has had, and the present one last.'),
  deliveries: z.array(orderDeliverySchema),
  refunds: z.array(orderRefundSchema),
  actions: z.array(orderActionSchema).describe('The actions of people on the order.'),
  events: z.array(orderEventSchema).describe('As sent to the browser; without events past their retention.'),
})

export type OrderHistory = z.infer<typeof orderHistorySchema>

export type RegisteredOrder = z.infer<typeof registeredSchema>
export type ListOrdersQuery = z.input<typeof listOrdersQuery>
