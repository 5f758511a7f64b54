import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../data/error-codes.ts'

/**
 * An error response, RFC 9457 (`application/problem+json`), with a stable `code` in addition to the standard members.
 */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string().optional(),
})

export type Problem = z.infer<typeof problemSchema>

/**
 * The response for an error code; `detail` says what is wrong with this request.
 *
 * @example
 * problem('order_not_found').status //=> 404
 */
export function problem(code: ErrorCode, detail?: string): Problem {
  const { status, title } = ERROR_CODES[code]
  return { type: `urn:paxyo:error:${code}`, title, status, code, ...(detail === undefined ? {} : { detail }) }
}
