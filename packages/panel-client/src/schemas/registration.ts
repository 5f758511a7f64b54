import { boundedText, currencySchema, identifierSchema, moneySchema } from '@paxyo/contracts'
import { z } from 'zod'
import { providerNameSchema } from './provider-name.ts'

/**
 * PHP panels store ids as integers, and some are negative: Telegram's ids of groups. The conversion is outside the union: inside it, the OpenAPI document would not list
 * integers.
 */
export const idSchema = z
  .union([identifierSchema, z.int()], {
    error: ({ input }) =>
      input === undefined ? 'is missing' : 'must be a whole number, or printable text of 1 to 128',
  })
  .transform(String)

const QUANTITY_MAX = 1_000_000_000_000
const RUNS_MAX = 1_000
const INTERVAL_MAX = 1_000_000
const TEXT_MAX = 2048
/** In UTF-8; letters of most alphabets need two bytes. Texts are in every snapshot and in every event of their order. */
const TEXT_BYTES_MAX = 4096

/**
 * Text without control characters, except for tabs and line ends, and without half a character: JSON needs six bytes for a
 * control character, in every snapshot, and PostgreSQL cannot store NUL.
 */
export const textSchema = boundedText(
  TEXT_MAX,
  // Not with \p{…}, which generators of tests in other languages do not know.
  // oxlint-disable-next-line no-control-regex -- control characters are what it rejects
  /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ud800-\udfff]*$/u,
  'must not contain control characters or half a character',
).refine((text) => new TextEncoder().encode(text).length <= TEXT_BYTES_MAX, {
  error: `must be at most ${TEXT_BYTES_MAX} bytes in UTF-8`,
})

/** An order that a panel has passed on to its provider, or will. */
export const registrationSchema = z.strictObject({
  orderId: idSchema.describe("The panel's own id. Registering it again with the same details changes nothing."),
  provider: providerNameSchema
    .nullish()
    .describe('The provider of the order; by default the only one, or `godofpanel`.'),
  providerOrderId: idSchema
    .nullish()
    .describe(
      "The provider's id for it; unique for each provider. Without it the order has no provider order until one is attached.",
    ),
  userId: idSchema,
  service: textSchema,
  link: textSchema,
  quantity: z.int().positive().max(QUANTITY_MAX).describe('Of each run of a drip-feed order.'),
  runs: z
    .int()
    .min(1)
    .max(RUNS_MAX)
    .nullish()
    .describe('How often the quantity is delivered, in a drip-feed order; `charge` pays for all runs. 1 by default.'),
  interval: z.int().min(0).max(INTERVAL_MAX).nullish().describe('The minutes between two runs.'),
  charge: moneySchema.describe('The amount that the user paid, such as "2.50"; refunds are shares of it.'),
  currency: currencySchema.describe('Such as "USD".'),
  payment: z
    .enum(['external', 'account'])
    .default('external')
    .describe('`external`: the panel has collected the charge. `account`: it is taken from the account now.'),
})
z.globalRegistry.add(registrationSchema, { id: 'Registration' })

/** As a panel sends it. */
export type Registration = z.input<typeof registrationSchema>
/** As parsed. */
export type RegistrationBody = z.output<typeof registrationSchema>
