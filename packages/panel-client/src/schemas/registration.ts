import { boundedText, currencySchema, identifierSchema, moneySchema } from '@paxyo/contracts'
import { z } from 'zod'
import { providerNameSchema } from './provider-name.ts'

/**
 * PHP panels keep ids as integers. What is made of them stands outside of the union: inside, the OpenAPI document would
 * lose that they are taken.
 */
export const idSchema = z
  .union([identifierSchema, z.int().nonnegative()], {
    error: ({ input }) =>
      input === undefined ? 'is missing' : 'must be a whole number, or printable text of 1 to 128',
  })
  .transform(String)

const QUANTITY_MAX = 1_000_000_000_000
const TEXT_MAX = 2048

/** Text that PostgreSQL can store: without NUL, and without half a character. */
const textSchema = boundedText(TEXT_MAX, /^[^\0\p{Cs}]*$/u, 'must not contain NUL or half a character')

/** What a panel says of an order that it has passed on to the provider. */
export const registrationSchema = z.strictObject({
  orderId: idSchema.describe("The panel's own id. Registering it again with the same details changes nothing."),
  provider: providerNameSchema
    .optional()
    .describe('The provider that it was passed on to; the only one, or `godofpanel`, without it.'),
  providerOrderId: idSchema.describe("The provider's id for it; unique for each provider."),
  userId: idSchema,
  service: textSchema,
  link: textSchema,
  quantity: z.int().positive().max(QUANTITY_MAX),
  charge: moneySchema.describe('What the user paid, such as "2.50"; refunds are parts of it.'),
  currency: currencySchema.describe('Such as "USD".'),
  payment: z
    .enum(['external', 'account'])
    .default('external')
    .describe('Who takes the charge: the panel has done so itself, or it is taken from the account now.'),
})
z.globalRegistry.add(registrationSchema, { id: 'Registration' })

/** As a panel writes it. */
export type Registration = z.input<typeof registrationSchema>
/** As it is read. */
export type RegistrationBody = z.output<typeof registrationSchema>
