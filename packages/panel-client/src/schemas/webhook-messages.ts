import { currencySchema, identifierSchema, moneySchema, timestampSchema, type WebhookType } from '@paxyo/contracts'
import { z } from 'zod'
import { changeSchema } from './changes.ts'

const [registered, updated, account, opened, resolved] = changeSchema.options
/** The members of a change that a message has elsewhere, or not at all. */
const ELSEWHERE = { id: true, at: true, type: true } as const

const orderData = updated.omit(ELSEWHERE)

const refundData = orderData.omit({ refund: true, account: true }).extend({
  refundId: z.uuid().describe('Credit a refund once, by this id.'),
  orderId: identifierSchema,
  provider: updated.shape.order.shape.provider,
  providerOrderId: updated.shape.order.shape.providerOrderId,
  amount: moneySchema.describe('Credit this amount.'),
  currency: currencySchema,
  orderRefunded: moneySchema.describe('The sum of the refunds of the order.'),
  balanceAfter: moneySchema.describe('The balance of the user after the refund.'),
  at: timestampSchema,
})

/** The body of an outgoing webhook. */
const message = <Type extends WebhookType, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ type: z.literal(type), timestamp: timestampSchema, data })

/** The bodies of outgoing webhooks, by type. */
export const webhookMessageSchemas = {
  'order.registered': message('order.registered', registered.omit(ELSEWHERE)),
  'order.updated': message('order.updated', orderData),
  'refund.paid': message('refund.paid', refundData),
  'account.updated': message('account.updated', account.omit(ELSEWHERE)),
  'review.opened': message('review.opened', opened.omit(ELSEWHERE)),
  'review.resolved': message('review.resolved', resolved.omit(ELSEWHERE)),
} satisfies Record<WebhookType, z.ZodType>
