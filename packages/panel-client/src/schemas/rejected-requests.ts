import { ERROR_CODES, identifierSchema, moneySchema, timestampSchema, type ErrorCode } from '@paxyo/contracts'
import { z } from 'zod'
import { deliveryOutcomeSchema } from './deliveries.ts'
import { pageQuery } from './page.ts'
import { providerNameSchema } from './provider-name.ts'
import { reviewReasonSchema } from './review-reason.ts'

const errorCodeSchema = z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]])

/** An authenticated webhook that could not be read, as it is kept. */
export const rejectedRequestSchema = z.object({
  requestId: z.uuid(),
  provider: z.string(),
  reason: errorCodeSchema.describe('The error code of its response.'),
  detail: z.string().nullable(),
  contentType: z.string().nullable(),
  contentEncoding: z.string().nullable(),
  receivedAt: timestampSchema.describe('When it was received first.'),
  lastReceivedAt: timestampSchema,
  count: z.int().positive().describe('How many times the same request was received.'),
  address: z.string().describe('Where it came from.'),
  bodyBytes: z.int().nonnegative().nullable().describe('Null when the body was too large to be read.'),
  replayedAt: timestampSchema.nullable().describe('When a replay could read it.'),
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
  state: z.enum(['open', 'replayed', 'all']).default('open').describe('`open`: no replay could read it yet.'),
})

const replayedUpdateSchema = z.object({
  deliveryId: z.string(),
  providerOrderId: identifierSchema.nullable(),
  outcome: z.enum([...deliveryOutcomeSchema.options, 'duplicate']),
  reason: reviewReasonSchema.nullable(),
  refund: moneySchema.nullable(),
})

/** What became of a rejected request that was replayed. */
export const rejectedReplaySchema = z.object({
  requestId: z.uuid(),
  error: errorCodeSchema.nullable().describe('Why it still cannot be read; null when its updates are committed.'),
  detail: z.string().nullable(),
  updates: z.array(replayedUpdateSchema).describe('What became of each update in it.'),
})
z.globalRegistry.add(rejectedReplaySchema, { id: 'RejectedReplay' })

/** What `POST /v1/rejected-requests/replay` takes. */
export const replayRejectedSchema = z.strictObject({
  provider: providerNameSchema.optional().describe('Only those of this provider.'),
  limit: z.int().min(1).max(100).default(50).describe('How many to replay in this request.'),
  cursor: pageQuery.cursor.describe('`nextCursor` of the previous response.'),
})
z.globalRegistry.add(replayRejectedSchema, { id: 'ReplayRejected' })

/** What `POST /v1/rejected-requests/replay` returns. */
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
