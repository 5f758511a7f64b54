import {
  identifierSchema,
  moneySchema,
  orderEventSchema,
  orderStatusSchema,
  orderViewSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { orderActionSchema } from './order-actions.ts'
import { pageQuery, pageSchema } from './page.ts'
import { positionFields } from './position.ts'
import { providerNameSchema } from './provider-name.ts'

z.globalRegistry.add(orderViewSchema, { id: 'Order' })

/** The response of `POST /v1/orders`. */
export const registeredSchema = z.object({
  order: orderViewSchema,
  ...positionFields,
  appliedDeliveries: z.int().nonnegative().describe('How many deliveries had been waiting for this order.'),
})

/** An order as the panel sees it. */
export const panelOrderSchema = orderViewSchema.extend({
  userId: identifierSchema,
  provider: z.string().describe('The provider of the order.'),
  payment: z.enum(['external', 'account']).describe('Whether the charge was taken from the account.'),
  createdAt: timestampSchema,
})
z.globalRegistry.add(panelOrderSchema, { id: 'PanelOrder' })

export type PanelOrder = z.infer<typeof panelOrderSchema>

const timeSchema = z.iso.datetime({ offset: true })

export const listOrdersQuery = z.object({
  ...pageQuery,
  userId: identifierSchema.optional(),
  provider: providerNameSchema.optional(),
  status: orderStatusSchema.optional(),
  from: timeSchema.optional().describe('Registered at this time or later.'),
  to: timeSchema.optional().describe('Registered before this time.'),
  updatedAfter: timeSchema
    .optional()
    .describe('Updated after this time: to copy them. Pages can then be shorter than the limit, or empty.'),
})

/** The response of `GET /v1/orders`. */
export const orderPageSchema = pageSchema(panelOrderSchema).extend({
  changesCursor: z
    .string()
    .optional()
    .describe('With `updatedAfter`: the cursor of the changes feed at the first page. Continue there after the last.'),
})

/** The maximum length of each part of an order's history; the newest are shown. */
export const HISTORY_MAX = 100

const orderDeliverySchema = z.object({
  deliveryId: z.string(),
  outcome: z.string(),
  reason: z.string().nullable().describe('Why it was put up for review.'),
  body: z.string().describe('The text that the provider sent.'),
  receivedAt: timestampSchema,
})

const orderRefundSchema = z.object({
  refundId: z.uuid(),
  amount: moneySchema,
  balanceAfter: moneySchema,
  createdAt: timestampSchema,
})

z.globalRegistry.add(orderEventSchema, { id: 'Event' })

/** The response of `GET /v1/orders/{orderId}`. */
export const orderHistorySchema = z.object({
  order: panelOrderSchema,
  ...positionFields,
  deliveries: z.array(orderDeliverySchema),
  refunds: z.array(orderRefundSchema),
  actions: z.array(orderActionSchema).describe('The actions of people on the order.'),
  events: z.array(orderEventSchema).describe('As sent to the browser; without events past their retention.'),
})

export type OrderHistory = z.infer<typeof orderHistorySchema>

export type RegisteredOrder = z.infer<typeof registeredSchema>
export type ListOrdersQuery = z.input<typeof listOrdersQuery>
