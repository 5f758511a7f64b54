import {
  identifierSchema,
  orderStatusSchema,
  orderViewSchema,
  positiveMoneySchema,
  refundViewSchema,
  timestampSchema,
} from '@paxyo/contracts'
import { z } from 'zod'
import { accountSchema } from './accounts.ts'
import { decisionFields } from './decision.ts'
import { positionFields } from './position.ts'

/** What `POST /v1/orders/{orderId}/actions` takes. */
export const actOnOrderSchema = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('refund'),
    amount: positiveMoneySchema.describe(
      'The amount to refund in addition to earlier refunds; the charge at most in all.',
    ),
    ...decisionFields,
  }),
  z.strictObject({
    action: z.literal('cancel').describe('Refunds what is left of the charge.'),
    ...decisionFields,
  }),
  z.strictObject({
    action: z.literal('set_status'),
    status: orderStatusSchema.describe('No money moves, not even for `canceled`.'),
    ...decisionFields,
  }),
])
z.globalRegistry.add(actOnOrderSchema, { id: 'ActOnOrder' })

/** What a person did to an order. */
export const orderActionSchema = z.object({
  actionId: z.uuid(),
  action: z.enum(['refund', 'cancel', 'set_status']),
  status: orderStatusSchema.nullable().describe('What the order became; null when its status stayed.'),
  refundId: z.uuid().nullable(),
  note: z.string(),
  by: z.string().describe('The person, as the request says; the name of the API key when it does not.'),
  keyId: z.string().describe('The public part of the API key, or `environment`.'),
  at: timestampSchema,
})
z.globalRegistry.add(orderActionSchema, { id: 'OrderAction' })

/** What `POST /v1/orders/{orderId}/actions` returns. */
export const actedOnOrderSchema = z.object({
  action: orderActionSchema,
  order: orderViewSchema,
  userId: identifierSchema,
  account: accountSchema,
  refund: refundViewSchema.nullable(),
  ...positionFields,
})

export type ActOnOrder = z.input<typeof actOnOrderSchema>
export type ParsedActOnOrder = z.output<typeof actOnOrderSchema>
export type OrderActionView = z.infer<typeof orderActionSchema>
export type ActedOnOrder = z.infer<typeof actedOnOrderSchema>
