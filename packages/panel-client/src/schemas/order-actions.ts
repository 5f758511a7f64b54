import {
  identifierSchema,
  orderStatusSchema,
  positiveMoneySchema,
  refundViewSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { accountSchema } from './accounts.ts'
import { decisionFields } from './decision.ts'
import { orderSchema } from './order.ts'
import { positionFields } from './position.ts'

/** The body of `POST /v1/orders/{orderId}/actions`. */
export const actOnOrderSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('refund'),
    amount: positiveMoneySchema.describe(
      'The amount to refund in addition to earlier refunds; together at most the charge.',
    ),
    ...decisionFields,
  }),
  z.strictObject({
    action: z.literal('cancel').describe('Refunds the rest of the charge.'),
    ...decisionFields,
  }),
  z.strictObject({
    action: z.literal('set_status'),
    status: orderStatusSchema.describe('No money moves, not even for `canceled`.'),
    ...decisionFields,
  }),
])
z.globalRegistry.add(actOnOrderSchema, { id: 'ActOnOrder' })

/** An action of a person on an order. */
export const orderActionSchema = z.object({
  actionId: z.uuid(),
  action: z.enum(['refund', 'cancel', 'set_status']),
  status: orderStatusSchema.nullable().describe('The new status of the order; null when unchanged.'),
  refundId: z.uuid().nullable(),
  note: z.string(),
  by: z.string().describe('The person, as given in the request; by default the name of the API key.'),
  keyId: z.string().describe('The public part of the API key, or `environment`.'),
  at: timestampSchema,
})
z.globalRegistry.add(orderActionSchema, { id: 'OrderAction' })

/** The response of `POST /v1/orders/{orderId}/actions`. */
export const actedOnOrderSchema = z.object({
  action: orderActionSchema,
  order: orderSchema,
  userId: identifierSchema,
  account: accountSchema,
  refund: refundViewSchema.nullable(),
  ...positionFields,
})

export type ActOnOrder = z.input<typeof actOnOrderSchema>
export type ParsedActOnOrder = z.output<typeof actOnOrderSchema>
export type OrderActionView = z.infer<typeof orderActionSchema>
export type ActedOnOrder = z.infer<typeof actedOnOrderSchema>
