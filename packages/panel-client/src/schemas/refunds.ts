import { currencySchema, identifierSchema, moneySchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'

/** A refund as the panel's server sees it. Nothing of it ever changes. */
export const refundSchema = z.object({
  refundId: z.uuid().describe('Credit a refund once by this id.'),
  position: z.int().positive().describe('Its place in the feed: 1, 2, 3 … without gaps.'),
  orderId: identifierSchema,
  provider: z.string(),
  providerOrderId: identifierSchema,
  userId: identifierSchema,
  amount: moneySchema.describe('What this one paid.'),
  currency: currencySchema,
  orderRefunded: moneySchema.describe('What the order had been paid back in all, after this one.'),
  balanceAfter: moneySchema.describe("The user's balance after it."),
  at: timestampSchema,
})
z.globalRegistry.add(refundSchema, { id: 'Refund' })

export const readRefundsQuery = z.strictObject({
  limit: pageQuery.limit,
  after: z.string().max(64).optional().describe('`cursor` of the answer before; without it, from the beginning.'),
})

/** What `GET /v1/refunds` returns. */
export const refundFeedSchema = z.object({
  data: z.array(refundSchema),
  cursor: z.string().describe('Keep this, and give it as `after` the next time; it is there even when nothing came.'),
  hasMore: z.boolean().describe('Whether there is more to be read at once.'),
})

export type PanelRefund = z.infer<typeof refundSchema>
export type ReadRefundsQuery = z.input<typeof readRefundsQuery>
export type RefundFeed = z.infer<typeof refundFeedSchema>
