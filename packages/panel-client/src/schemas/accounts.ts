import { currencySchema, identifierSchema, moneySchema, positiveMoneySchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { positionFields } from './position.ts'
import { idSchema } from './registration.ts'

/** An account as the panel sees it. */
export const accountSchema = z.object({
  userId: identifierSchema,
  currency: currencySchema,
  balance: moneySchema.describe('The sum of its ledger, always.'),
})
z.globalRegistry.add(accountSchema, { id: 'Account' })

/** One line of the ledger. */
export const ledgerEntrySchema = z.object({
  entryId: z.uuid(),
  kind: z
    .enum(['deposit', 'charge', 'refund'])
    .describe('Deposits and refunds add to the balance, charges take from it.'),
  amount: moneySchema.describe('Above zero, whatever the kind.'),
  balanceAfter: moneySchema,
  orderId: identifierSchema.nullable(),
  paymentRef: z.string().nullable().describe('Which payment a deposit is; null for an opening balance.'),
  createdAt: timestampSchema,
})
z.globalRegistry.add(ledgerEntrySchema, { id: 'LedgerEntry' })

export const accountResponseSchema = z.object({ account: accountSchema, ...positionFields })
export const depositResponseSchema = z.object({ deposit: ledgerEntrySchema, account: accountSchema, ...positionFields })

export type PanelAccount = z.infer<typeof accountSchema>
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>

/** What `POST /v1/accounts` takes. */
export const openingSchema = z.strictObject({ userId: idSchema, currency: currencySchema })

/** What `POST /v1/accounts/{userId}/deposits` takes. */
export const depositSchema = z.strictObject({
  amount: positiveMoneySchema,
  currency: currencySchema.describe("The account's own: nothing is converted."),
  paymentRef: idSchema
    .optional()
    .describe(
      "Which payment this is: the payment processor's id for it. Unique, and kept for as long as the ledger. Without it, it is the Idempotency-Key.",
    ),
})

export type AccountOpening = z.input<typeof openingSchema>
export type DepositRequest = z.input<typeof depositSchema>
export type AccountResponse = z.infer<typeof accountResponseSchema>
export type DepositResponse = z.infer<typeof depositResponseSchema>
