import { currencySchema, identifierSchema, moneySchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { namedSchemas } from '../kit/operation.ts'
import { positionFields } from '../kit/position.ts'

/** An account as the panel sees it. */
export const accountSchema = z.object({
  userId: identifierSchema,
  currency: currencySchema,
  balance: moneySchema.describe('The sum of its ledger, always.'),
})
namedSchemas.add(accountSchema, { id: 'Account' })

/** One line of the ledger. */
export const ledgerEntrySchema = z.object({
  entryId: z.uuid(),
  kind: z
    .enum(['deposit', 'charge', 'refund'])
    .describe('Deposits and refunds add to the balance, charges take from it.'),
  amount: moneySchema.describe('Above zero, whatever the kind.'),
  balanceAfter: moneySchema,
  orderId: identifierSchema.nullable(),
  createdAt: timestampSchema,
})
namedSchemas.add(ledgerEntrySchema, { id: 'LedgerEntry' })

export const accountAnswerSchema = z.object({ account: accountSchema, ...positionFields })
export const depositAnswerSchema = z.object({ deposit: ledgerEntrySchema, account: accountSchema, ...positionFields })

export type AccountOfPanel = z.infer<typeof accountSchema>
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>
