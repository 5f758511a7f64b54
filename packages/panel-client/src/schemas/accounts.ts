import {
  balanceModeSchema,
  currencySchema,
  identifierSchema,
  moneySchema,
  positiveMoneySchema,
  seqSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery, pageSchema } from './page.ts'
import { positionFields } from './position.ts'
import { idSchema } from './registration.ts'

/** An account as the panel sees it. */
export const accountSchema = z.object({
  userId: identifierSchema,
  currency: currencySchema,
  balance: moneySchema.describe('Always the sum of its ledger entries.'),
  mode: balanceModeSchema.describe(
    '`kept`: the balance is that of the user, from the first deposit or payment on. `external`: the panel keeps it, and only refunds are recorded here.',
  ),
})
z.globalRegistry.add(accountSchema, { id: 'Account' })

/** One line of the ledger. */
export const ledgerEntrySchema = z.object({
  entryId: z.uuid(),
  kind: z
    .enum(['deposit', 'charge', 'refund'])
    .describe('Deposits and refunds increase the balance, charges reduce it.'),
  amount: moneySchema.describe('Above zero for every kind.'),
  balanceAfter: moneySchema,
  orderId: identifierSchema.nullable(),
  paymentRef: z.string().nullable().describe('The payment of a deposit; null for an opening balance.'),
  createdAt: timestampSchema,
})
z.globalRegistry.add(ledgerEntrySchema, { id: 'LedgerEntry' })

export const accountResponseSchema = z.object({ account: accountSchema, ...positionFields })
export const depositResponseSchema = z.object({ deposit: ledgerEntrySchema, account: accountSchema, ...positionFields })

/** The query of `GET /v1/accounts`. */
export const copyAccountsQuery = z.strictObject({
  ...pageQuery,
  changesCursor: z
    .string()
    .max(64)
    .describe('That of a copy of the orders, or the `cursor` of `GET /v1/changes` without `after`.'),
})
/** The response of `GET /v1/accounts`. */
export const accountPageSchema = pageSchema(
  z.object({
    account: accountSchema,
    seq: seqSchema.describe("The end of the user's stream when the account was read. It has all changes up to there."),
  }),
)

export type PanelAccount = z.infer<typeof accountSchema>
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>

/** The body of `POST /v1/accounts`. */
export const openingSchema = z.strictObject({ userId: idSchema, currency: currencySchema })

/** The body of `POST /v1/accounts/{userId}/deposits`. */
export const depositSchema = z.strictObject({
  amount: positiveMoneySchema,
  currency: currencySchema.describe("Must be the account's currency: nothing is converted."),
  paymentRef: idSchema
    .optional()
    .describe(
      "Identifies the payment: the payment processor's id. Unique, and kept as long as the ledger. The default is the Idempotency-Key.",
    ),
})

export type AccountOpening = z.input<typeof openingSchema>
export type DepositRequest = z.input<typeof depositSchema>
export type CopyAccountsQuery = z.input<typeof copyAccountsQuery>
export type AccountPage = z.infer<typeof accountPageSchema>
export type AccountResponse = z.infer<typeof accountResponseSchema>
export type DepositResponse = z.infer<typeof depositResponseSchema>
