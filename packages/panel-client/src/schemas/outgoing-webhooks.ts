import { identifierSchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'

/** What became of the webhook that tells of a refund. */
export const outgoingWebhookSchema = z.object({
  refundId: z.uuid().describe('Also the `webhook-id` of every attempt.'),
  position: z.int().positive().describe("The refund's place in the feed."),
  orderId: identifierSchema,
  userId: identifierSchema,
  state: z.enum(['pending', 'delivered', 'dead']).describe('`dead` is not tried again by itself.'),
  attempts: z.int().nonnegative(),
  dueAt: timestampSchema.nullable().describe('When it is tried next.'),
  attemptedAt: timestampSchema.nullable(),
  settledAt: timestampSchema.nullable().describe('When it was delivered or given up.'),
  lastStatus: z.int().nullable().describe('What the panel answered to the last attempt.'),
  lastError: z.string().nullable(),
})
z.globalRegistry.add(outgoingWebhookSchema, { id: 'OutgoingWebhook' })

export type OutgoingWebhookView = z.infer<typeof outgoingWebhookSchema>

export const listOutgoingWebhooksQuery = z.strictObject({
  ...pageQuery,
  state: outgoingWebhookSchema.shape.state.optional(),
})

/** What `POST /v1/outgoing-webhooks/retry` returns. */
export const retriedWebhooksSchema = z.object({
  retried: z.int().nonnegative(),
  hasMore: z.boolean().describe('Whether to ask again: one request brings back a thousand at most.'),
})

export type ListOutgoingWebhooksQuery = z.input<typeof listOutgoingWebhooksQuery>
export type RetriedWebhooks = z.infer<typeof retriedWebhooksSchema>
