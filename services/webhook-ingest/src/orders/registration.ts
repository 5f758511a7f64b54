import { identifierSchema, moneySchema } from '@paxyo/contracts'
import { z } from 'zod'

/** PHP panels keep ids as integers. */
const idSchema = z.union([identifierSchema, z.int().nonnegative().transform(String)])

const QUANTITY_MAX = 1_000_000_000_000
const TEXT_MAX = 2048

/** What a panel says of an order that it has passed on to the provider. */
export const registrationSchema = z.strictObject({
  /** The panel's own id; registering it again with the same details changes nothing. */
  orderId: idSchema,
  providerOrderId: idSchema,
  userId: idSchema,
  service: z.string().max(TEXT_MAX).refine(isStorable, 'must not contain NUL'),
  link: z.string().max(TEXT_MAX).refine(isStorable, 'must not contain NUL'),
  quantity: z.int().positive().max(QUANTITY_MAX),
  /** What the user paid; refunds are parts of it. */
  charge: moneySchema,
  currency: z.string().regex(/^[A-Z][A-Z0-9]{2,7}$/, 'must be a code such as "USD"'),
})

export type Registration = z.output<typeof registrationSchema>

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}
