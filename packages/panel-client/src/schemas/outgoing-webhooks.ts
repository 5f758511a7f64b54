import { boundedText, timestampSchema, WEBHOOK_TYPES } from '@paxyo/contracts'
import { z } from 'zod'
import { pageQuery } from './page.ts'
import { providerNameSchema } from './provider-name.ts'
import { textSchema } from './registration.ts'

export const endpointIdSchema = boundedText(64, /^[\w-]+$/, 'must be the id of an endpoint')

const webhookTypeSchema = z.enum(WEBHOOK_TYPES)

/** The state of an outgoing webhook. */
export const outgoingWebhookSchema = z.object({
  webhookId: z.uuid().describe('Also the `webhook-id` of every attempt.'),
  endpointId: z.string(),
  type: webhookTypeSchema,
  subject: z.string().describe('What it is about, such as `order A-1`: webhooks of one subject are sent in order.'),
  state: z
    .enum(['pending', 'delivered', 'superseded', 'dead'])
    .describe(
      'A `dead` webhook is not retried automatically. A `superseded` one failed before a newer one took its place.',
    ),
  attempts: z.int().nonnegative(),
  createdAt: timestampSchema,
  dueAt: timestampSchema.nullable().describe('The time of the next attempt.'),
  attemptedAt: timestampSchema.nullable(),
  settledAt: timestampSchema.nullable().describe('When it was delivered, superseded or given up.'),
  lastStatus: z.int().nullable().describe("The HTTP status of the receiver's last response."),
  lastError: z.string().nullable(),
})
z.globalRegistry.add(outgoingWebhookSchema, { id: 'OutgoingWebhook' })

/** One attempt to send an outgoing webhook. */
export const outgoingWebhookAttemptSchema = z.object({
  at: timestampSchema.describe('When it began.'),
  durationMs: z.int().nonnegative(),
  status: z.int().nullable().describe('The HTTP status of the response; null without a response.'),
  error: z.string().nullable().describe('Why there was no response.'),
  response: z.string().nullable().describe('The first 300 characters of the response, on one line.'),
})
z.globalRegistry.add(outgoingWebhookAttemptSchema, { id: 'OutgoingWebhookAttempt' })

/** The response of `GET /v1/outgoing-webhooks/{webhookId}`. */
export const fullOutgoingWebhookSchema = outgoingWebhookSchema.extend({
  body: z.string().describe('As it is sent.'),
  attemptHistory: z
    .array(outgoingWebhookAttemptSchema)
    .describe(
      'The newest 50 attempts, oldest first, also those before a manual retry. An attempt whose process ended is not recorded.',
    ),
})

export const listOutgoingWebhooksQuery = z.strictObject({
  ...pageQuery,
  state: outgoingWebhookSchema.shape.state.optional(),
  endpointId: endpointIdSchema.optional(),
  type: webhookTypeSchema.optional(),
  subject: boundedText(600, /^[^\0]+$/, 'must not contain NUL')
    .optional()
    .describe('Those of one subject, such as `order A-1`.'),
  provider: providerNameSchema.optional().describe('Those about orders of this provider.'),
  service: textSchema.optional().describe('Those about orders of this service.'),
})

/** The response of `POST /v1/outgoing-webhooks/retry`. */
export const retriedWebhooksSchema = z.object({
  retried: z.int().nonnegative(),
  hasMore: z.boolean().describe('Whether to repeat the request: each request retries at most a thousand.'),
})

export type OutgoingWebhookView = z.infer<typeof outgoingWebhookSchema>
export type OutgoingWebhookAttempt = z.infer<typeof outgoingWebhookAttemptSchema>
export type FullOutgoingWebhookView = z.infer<typeof fullOutgoingWebhookSchema>
export type ListOutgoingWebhooksQuery = z.input<typeof listOutgoingWebhooksQuery>
export type RetriedWebhooks = z.infer<typeof retriedWebhooksSchema>
