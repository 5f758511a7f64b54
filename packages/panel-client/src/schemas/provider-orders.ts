import { identifierSchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { orderSchema } from './order.ts'
import { positionFields } from './position.ts'
import { providerNameSchema } from './provider-name.ts'
import { idSchema } from './registration.ts'

/** The body of `PUT /v1/orders/{orderId}/provider-order`. */
export const attachProviderOrderSchema = z.strictObject({
  provider: providerNameSchema
    .optional()
    .describe('The provider of the order; by default the only one, or `godofpanel`.'),
  providerOrderId: idSchema.describe("The provider's id for it; unique for each provider."),
})
z.globalRegistry.add(attachProviderOrderSchema, { id: 'AttachProviderOrder' })

const providerOrderSchema = z.object({ provider: z.string(), providerOrderId: identifierSchema })

/** The response of `PUT /v1/orders/{orderId}/provider-order`. */
export const attachedProviderOrderSchema = z.object({
  order: orderSchema,
  ...positionFields,
  replaced: providerOrderSchema
    .nullable()
    .describe('The provider order that the order had before; null when it had none, or already had this one.'),
  appliedDeliveries: z.int().nonnegative().describe('How many deliveries had been waiting for this provider order.'),
})

/** A provider order of an order, and the time in which it was. */
export const heldProviderOrderSchema = providerOrderSchema.extend({
  from: timestampSchema.describe('When it was registered or attached.'),
  to: timestampSchema.nullable().describe('When another one replaced it; null for the present one.'),
  keyId: z
    .string()
    .nullable()
    .describe(
      'The public part of the API key that attached it, or `environment`; null when the order was registered with it.',
    ),
})
z.globalRegistry.add(heldProviderOrderSchema, { id: 'HeldProviderOrder' })

export type AttachProviderOrder = z.input<typeof attachProviderOrderSchema>
export type AttachedProviderOrder = z.infer<typeof attachedProviderOrderSchema>
export type HeldProviderOrder = z.infer<typeof heldProviderOrderSchema>
