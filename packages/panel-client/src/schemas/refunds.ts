import { currencySchema, identifierSchema, moneySchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'

/** A refund as the panel's server sees it. It never changes. */
export const refundSchema = z.object({
  refundId: z.uuid().describe('Credit a refund once by this id.'),
  position: z.int().positive().describe('Its position in the feed: 1, 2, 3 … without gaps.'),
  orderId: identifierSchema,
  provider: z
    .string()
    .nullable()
    .describe('The provider of the order when the refund was paid; null when it had none.'),
  providerOrderId: identifierSchema.nullable(),
  userId: identifierSchema,
  amount: moneySchema.describe('The amount of this refund.'),
  currency: currencySchema,
  orderRefunded: moneySchema.describe('The total refunded for the order, including this refund.'),
  balanceAfter: moneySchema.describe("The user's balance after this refund."),
  at: timestampSchema,
})
z.globalRegistry.add(refundSchema, { id: 'Refund' })

export const readRefundsQuery = z.strictObject({
  limit: pageQuery.limit,
  after: z
    .string()
    .max(64)
    .optional()
    .describe('`cursor` of the previous response; without it, the feed starts at the beginning.'),
})

/** The response of `GET /v1/refunds`. */
export const refundFeedSchema = z.object({
  data: z.array(refundSchema),
  cursor: z.string().describe('Store it, and send it as `after` next time; it is set even when `data` is empty.'),
  hasMore: z.boolean().describe('Whether more refunds can be read immediately.'),
})

export type PanelRefund = z.infer<typeof refundSchema>
export type ReadRefundsQuery = z.input<typeof readRefundsQuery>
export type RefundFeed = z.infer<typeof refundFeedSchema>
