import { identifierSchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'

/** The state of the outgoing webhook of a refund. */
export const outgoingWebhookSchema = z.object({
  refundId: z.uuid().describe('Also the `webhook-id` of every attempt.'),
  position: z.int().positive().describe("The refund's position in the feed."),
  orderId: identifierSchema,
  userId: identifierSchema,
  state: z.enum(['pending', 'delivered', 'dead']).describe('A `dead` webhook is not retried automatically.'),
  attempts: z.int().nonnegative(),
  dueAt: timestampSchema.nullable().describe('The time of the next attempt.'),
  attemptedAt: timestampSchema.nullable(),
  settledAt: timestampSchema.nullable().describe('When it was delivered or given up.'),
  lastStatus: z.int().nullable().describe("The HTTP status of the panel's last response."),
  lastError: z.string().nullable(),
})
z.globalRegistry.add(outgoingWebhookSchema, { id: 'OutgoingWebhook' })

export type OutgoingWebhookView = z.infer<typeof outgoingWebhookSchema>

export const listOutgoingWebhooksQuery = z.strictObject({
  ...pageQuery,
  state: outgoingWebhookSchema.shape.state.optional(),
})

/** The response of `POST /v1/outgoing-webhooks/retry`. */
export const retriedWebhooksSchema = z.object({
  retried: z.int().nonnegative(),
  hasMore: z.boolean().describe('Whether to repeat the request: each request retries at most a thousand.'),
})

export type ListOutgoingWebhooksQuery = z.input<typeof listOutgoingWebhooksQuery>
export type RetriedWebhooks = z.infer<typeof retriedWebhooksSchema>
