import { z } from 'zod'
import { ORDER_STATUSES } from '../data/order-status.ts'
import {
  currencySchema,
  identifierSchema,
  moneySchema,
  seqSchema,
  timestampSchema,
  totalMoneySchema,
} from './scalars.ts'

export const orderStatusSchema = z.enum(ORDER_STATUSES)

export const balanceModeSchema = z.enum(['external', 'kept'])

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
  createdAt: timestampSchema.optional().describe('When it was ordered. Absent in events from before revision 1.5.'),
  updatedAt: timestampSchema,
})

/** A user's money. */
export const accountViewSchema = z.object({
  balance: moneySchema.describe(
    'The sum of the ledger entries. It is the balance of the user only when `mode` is `kept`.',
  ),
  currency: currencySchema,
  mode: balanceModeSchema
    .optional()
    .describe(
      '`kept`: deposits or charges are recorded here. `external`: the panel keeps the balance, and pages must not show this ' +
        'one. Absent in events from before revision 1.7.',
    ),
})

/** All orders of a user in numbers, whether a page has them or not. */
export const totalsViewSchema = z.object({
  refunded: totalMoneySchema.describe('What was refunded in all.'),
  orders: z
    .partialRecord(orderStatusSchema, z.int().nonnegative())
    .describe('The number of orders in each status; a status without orders is left out.'),
})

/** A refund to the user; `amount` is this refund, not the order's total. */
export const refundViewSchema = z.object({ refundId: z.string(), amount: moneySchema, currency: currencySchema })

const eventBase = {
  type: z.literal('event'),
  seq: seqSchema.positive(),
  /** After the change. Absent in events from before revision 1.5. */
  totals: totalsViewSchema.optional(),
}

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
export type BalanceMode = z.infer<typeof balanceModeSchema>
export type AccountView = z.infer<typeof accountViewSchema>
export type TotalsView = z.infer<typeof totalsViewSchema>
export type RefundView = z.infer<typeof refundViewSchema>
export type OrderEvent = z.infer<typeof orderEventSchema>
