import { ERROR_CODES, problemSchema, type ErrorCode } from '@paxyo/contracts'
import { z } from 'zod'

/** Schemas that have a name in the OpenAPI document. Zod's own registry: `describe` keeps its texts there, too. */
export const namedSchemas = z.globalRegistry
namedSchemas.add(problemSchema, { id: 'Problem' })

export interface OperationOptions {
  /** Its name in generated clients, such as `registerOrder`. */
  readonly operationId: string
  readonly tag:
    | 'Orders'
    | 'Accounts'
    | 'Tokens'
    | 'Refunds'
    | 'Reviews'
    | 'Deliveries'
    | 'Rejected requests'
    | 'Outgoing webhooks'
  /** One line. */
  readonly summary: string
  readonly description?: string
  /** What is answered when it succeeds, by status. */
  readonly answers: Readonly<Partial<Record<200 | 201, { description: string; schema: z.ZodType }>>>
  /** The refusals of its own, beside those that every request may meet. */
  readonly refusals?: readonly ErrorCode[]
}

/** What any request may be refused with. */
export const COMMON_REFUSALS: readonly ErrorCode[] = [
  'malformed_json',
  'validation_failed',
  'unauthorized',
  'body_too_large',
  'unsupported_media_type',
  'internal_error',
  'database_unavailable',
  'queue_full',
]

/** The part of a route's schema that says how it answers. Responses are checked against it by tests, not at run time. */
export function operation({ operationId, tag, summary, description, answers, refusals = [] }: OperationOptions) {
  const response: Record<number, object> = {}
  for (const [status, answer] of Object.entries(answers)) {
    response[Number(status)] = {
      description: answer.description,
      content: { 'application/json': { schema: answer.schema } },
    }
  }
  const codes = [...new Set([...COMMON_REFUSALS, ...refusals])]
  for (const [status, codesOfStatus] of Map.groupBy(codes, (code) => ERROR_CODES[code].status)) {
    response[status] = {
      description: codesOfStatus.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`).join(' '),
      content: { 'application/problem+json': { schema: problemSchema } },
    }
  }
  const known: object = { response }
  return { operationId, tags: [tag], summary, ...(description === undefined ? {} : { description }), ...known }
}
