import { ERROR_CODES, identifierSchema, type ErrorCode } from '@paxyo/contracts'
import { z } from 'zod'
import { positionFields } from './position.ts'
import { registrationSchema } from './registration.ts'

export const BULK_ROWS_MAX = 1_000
export const BULK_BODY_BYTES_MAX = 4 * 1024 * 1024

/** The result of one row of `POST /v1/orders/bulk`. */
export const rowResultSchema = z.object({
  index: z.int().nonnegative().describe("The row's index in the request."),
  orderId: identifierSchema.nullable().describe('Null when the row has no valid one.'),
  outcome: z.enum(['registered', 'unchanged', 'rejected']),
  seq: positionFields.seq.optional(),
  code: z
    .enum(Object.keys(ERROR_CODES) as [ErrorCode])
    .optional()
    .describe('Why it was rejected.'),
  detail: z.string().optional(),
})

export const bulkResponseSchema = z.object({
  registered: z.int().nonnegative(),
  unchanged: z.int().nonnegative(),
  rejected: z.int().nonnegative(),
  epoch: positionFields.epoch.nullable().describe('Null when no row reached the database.'),
  results: z.array(rowResultSchema),
})

export type RowResult = z.infer<typeof rowResultSchema>

/** The body of `POST /v1/orders/bulk`. */
export const bulkRegistrationSchema = z.strictObject({ orders: z.array(registrationSchema).min(1).max(BULK_ROWS_MAX) })

export type BulkResponse = z.infer<typeof bulkResponseSchema>
