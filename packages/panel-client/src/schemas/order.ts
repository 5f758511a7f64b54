import { identifierSchema, orderViewSchema } from '@paxyo/contracts'
import { z } from 'zod'

/** The provider's identification of an order. */
export const providerOrderFields = {
  provider: z.string().nullable().describe('The provider of the order; null while it has no provider order.'),
  providerOrderId: identifierSchema.nullable().describe("The provider's id for it; unique for each provider."),
}

/** An order as the panel's API returns it. */
export const orderSchema = orderViewSchema.extend(providerOrderFields)
z.globalRegistry.add(orderSchema, { id: 'Order' })
