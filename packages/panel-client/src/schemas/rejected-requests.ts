import { ERROR_CODES, identifierSchema, moneySchema, timestampSchema, type ErrorCode } from '@paxyo/contracts'
import { z } from 'zod'
import { deliveryOutcomeSchema } from './deliveries.ts'
import { pageQuery } from './page.ts'
import { providerNameSchema } from './provider-name.ts'
import { reviewReasonSchema } from './review-reason.ts'

const errorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])

/** An authenticated webhook that could not be read. */
export const rejectedRequestSchema = z.object({
  requestId: z.uuid(),
  provider: z.string(),
  reason: errorCodeSchema.describe('The error code of its response.'),
  detail: z.string().nullable(),
  contentType: z.string().nullable(),
  contentEncoding: z.string().nullable(),
  receivedAt: timestampSchema.describe('The first time it was received.'),
  lastReceivedAt: timestampSchema,
  count: z.int().positive().describe('How many times it was received.'),
  address: z.string().describe('The IP address of the sender.'),
  bodyBytes: z.int().nonnegative().nullable().describe('Null when the body was too large to be read.'),
  replayedAt: timestampSchema.nullable().describe('When it was replayed; null while it is open.'),
})
z.globalRegistry.add(rejectedRequestSchema, { id: 'RejectedRequest' })

/** With its body. */
export const fullRejectedRequestSchema = rejectedRequestSchema.extend({
  body: z.string().nullable().describe('As text when it is UTF-8, and as Base64 otherwise.'),
  bodyFormat: z.enum(['text', 'base64']),
})

export const listRejectedRequestsQuery = z.strictObject({
  ...pageQuery,
  provider: providerNameSchema.optional(),
  state: z.enum(['open', 'replayed', 'all']).default('open').describe('`open`: not replayed yet.'),
})

const replayedUpdateSchema = z.object({
  deliveryId: z.string(),
  providerOrderId: identifierSchema.nullable(),
  outcome: z.enum([...deliveryOutcomeSchema.options, 'duplicate']),
  reason: reviewReasonSchema.nullable(),
  refund: moneySchema.nullable(),
})

/** The result of replaying a rejected request. */
export const rejectedReplaySchema = z.object({
  requestId: z.uuid(),
  error: errorCodeSchema
    .nullable()
    .describe('The error, if it still cannot be read; null when its updates are committed.'),
  detail: z.string().nullable(),
  updates: z.array(replayedUpdateSchema).describe('The result of each of its updates.'),
})
z.globalRegistry.add(rejectedReplaySchema, { id: 'RejectedReplay' })

/** The body of `POST /v1/rejected-requests/replay`. */
export const replayRejectedSchema = z.strictObject({
  provider: providerNameSchema.optional().describe('Only those of this provider.'),
  limit: z.int().min(1).max(100).default(50).describe('How many to replay in this request.'),
  cursor: pageQuery.cursor.describe('`nextCursor` of the previous response.'),
})
z.globalRegistry.add(replayRejectedSchema, { id: 'ReplayRejected' })

/** The response of `POST /v1/rejected-requests/replay`. */
export const rejectedReplayPageSchema = z.object({
  data: z.array(rejectedReplaySchema),
  nextCursor: z.string().nullable().describe('Repeat the request with this; null when all are done.'),
})

export type RejectedRequestView = z.infer<typeof rejectedRequestSchema>
export type FullRejectedRequestView = z.infer<typeof fullRejectedRequestSchema>
export type ListRejectedRequestsQuery = z.input<typeof listRejectedRequestsQuery>
export type RejectedReplay = z.infer<typeof rejectedReplaySchema>
export type ReplayRejected = z.input<typeof replayRejectedSchema>
export type RejectedReplayPage = z.infer<typeof rejectedReplayPageSchema>
