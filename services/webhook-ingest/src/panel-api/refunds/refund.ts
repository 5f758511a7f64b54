import { currencySchema, identifierSchema, moneySchema, timestampSchema } from '@paxyo/contracts'
import type { Refund } from '@paxyo/ledger'
import { z } from 'zod'
import { namedSchemas } from '../kit/operation.ts'

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
}) satisfies z.ZodType<Refund>
namedSchemas.add(refundSchema, { id: 'Refund' })
