import { z } from 'zod'
import { ORDER_STATUSES } from '../data/order-status.ts'
import { currencySchema, identifierSchema, moneySchema, seqSchema, timestampSchema } from './scalars.ts'

export const orderStatusSchema = z.enum(ORDER_STATUSES)

/** An order as its user sees it. */
export const orderViewSchema = z.object({
  orderId: identifierSchema,
  providerOrderId: identifierSchema.or(z.literal('')).describe('Empty while the order has no provider order.'),
  service: z.string(),
  link: z.string(),
  quantity: z.int().positive(),
  charge: moneySchema,
  currency: currencySchema,
  status: orderStatusSchema,
  remains: z.int().nullable(),
  startCount: z.int().nullable(),
  refunded: moneySchema,
  updatedAt: timestampSchema,
})

/** A user's money. */
export const accountViewSchema = z.object({ balance: moneySchema, currency: currencySchema })

/** A refund to the user; `amount` is this refund, not the order's total. */
export const refundViewSchema = z.object({ refundId: z.string(), amount: moneySchema, currency: currencySchema })

const eventBase = { type: z.literal('event'), seq: seqSchema.positive() }

/** A committed change, as the user sees it. `refund` is set only when money was refunded. */
export const orderEventSchema = z.discriminatedUnion('event', [
  z.object({
    ...eventBase,
    event: z.literal('order.registered'),
    at: timestampSchema,
    order: orderViewSchema,
    account: accountViewSchema,
  }),
  z.object({
    ...eventBase,
    event: z.literal('order.updated'),
    at: timestampSchema,
    order: orderViewSchema,
    refund: refundViewSchema.optional(),
    account: accountViewSchema,
  }),
  z.object({
    ...eventBase,
    event: z.literal('account.updated'),
    at: timestampSchema,
    account: accountViewSchema,
  }),
])

export type OrderView = z.infer<typeof orderViewSchema>
export type AccountView = z.infer<typeof accountViewSchema>
export type RefundView = z.infer<typeof refundViewSchema>
export type OrderEvent = z.infer<typeof orderEventSchema>
