import { identifierSchema, moneySchema } from '@paxyo/contracts'
import { z } from 'zod'

/** The body of `POST /v1/users/{userId}/erase`. */
export const eraseUserSchema = z.object({
  dryRun: z.boolean().default(false).describe('Count what the erasure would change, and change nothing.'),
})

/** The response of `POST /v1/users/{userId}/erase`. */
export const erasedUserSchema = z.object({
  erasureId: z.string().nullable().describe('Null for a dry run.'),
  pseudonym: identifierSchema.nullable().describe("What replaces the user's id; null for a dry run."),
  orders: z.int().nonnegative(),
  openOrders: z.int().nonnegative().describe('They stay open: their later refunds go to the pseudonym.'),
  openReviews: z.int().nonnegative().describe('Decide them before: an erasure deletes the bodies of their deliveries.'),
  ledgerEntries: z.int().nonnegative(),
  events: z.int().nonnegative(),
  balance: moneySchema.describe('It stays, with the pseudonym. Pay it out before, if it is due.'),
  currency: z.string(),
})

export type EraseUser = z.input<typeof eraseUserSchema>
export type ErasedUser = z.infer<typeof erasedUserSchema>
