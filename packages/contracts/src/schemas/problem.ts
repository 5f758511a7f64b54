import { z } from 'zod'
import { ERROR_CODES, type ErrorCode } from '../data/error-codes.ts'

/** An error answer, RFC 9457 (`application/problem+json`), with our stable code beside the standard members. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string().optional(),
})

export type Problem = z.infer<typeof problemSchema>

/** The answer for an error code; `detail` says what was wrong with this one request. */
export function problem(code: ErrorCode, detail?: string): Problem {
  const { status, title } = ERROR_CODES[code]
  return { type: `urn:paxyo:error:${code}`, title, status, code, ...(detail === undefined ? {} : { detail }) }
}
