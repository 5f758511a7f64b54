import { ERROR_CODES, problemSchema, type ErrorCode } from '@paxyo/contracts'
import type { Scope } from '@paxyo/panel-client'
import { z } from 'zod'

/**
 * Schemas that have a name in the OpenAPI document. This is Zod's own registry, which also has the texts of `describe`.
 */
export const namedSchemas = z.globalRegistry
namedSchemas.add(problemSchema, { id: 'Problem' })

declare module 'fastify' {
  interface FastifySchema {
    /** What an operation needs; every route under `/v1` has one. */
    scope?: Scope
    /** Rejects API keys, whatever their scopes. */
    isForOperators?: boolean
  }
}

export interface OperationOptions {
  /** Its name in generated clients, such as `registerOrder`. */
  readonly operationId: string
  /** What the API key, or the operator, must be allowed to do. */
  readonly scope: Scope
  /** Only operators in the console may do it, and no API key. */
  readonly isForOperators?: boolean
  readonly tag:
    | 'Overview'
    | 'Orders'
    | 'Accounts'
    | 'Tokens'
    | 'Connections'
    | 'Refunds'
    | 'Changes'
    | 'Reviews'
    | 'Deliveries'
    | 'Rejected requests'
    | 'Outgoing webhooks'
    | 'Operators'
    | 'API keys'
  /** One line. */
  readonly summary: string
  readonly description?: string
  /** Success responses by status. */
  readonly responses: Readonly<Partial<Record<200 | 201, { description: string; schema: z.ZodType }>>>
  /** Errors of this operation, in addition to the common ones. */
  readonly errors?: readonly ErrorCode[]
}

/** Errors that any request can get. */
export const COMMON_ERRORS: readonly ErrorCode[] = [
  'malformed_json',
  'validation_failed',
  'unauthorized',
  'scope_missing',
  'cross_site_request',
  'authentication_throttled',
  'headers_too_large',
  'body_too_large',
  'unsupported_media_type',
  'internal_error',
  'database_unavailable',
  'queue_full',
]

/**
 * The part of a route's schema that describes its responses. Tests check responses against it; the service does not.
 *
 * @example
 * const schema = operation({
 *   operationId: 'getOrder',
 *   scope: 'read',
 *   tag: 'Orders',
 *   summary: 'Read an order',
 *   responses: { 200: { description: 'The order.', schema: z.object({}) } },
 *   errors: ['order_not_found'],
 * })
 * schema.security //=> [{ panelKey: ['read'] }, { consoleSession: ['read'] }]
 */
export function operation(options: OperationOptions) {
  const { operationId, scope, isForOperators = false, tag, summary, description, responses, errors = [] } = options
  const response: Record<number, object> = {}
  for (const [status, success] of Object.entries(responses)) {
    response[Number(status)] = {
      description: success.description,
      content: { 'application/json': { schema: success.schema } },
    }
  }
  const codes = [...new Set([...COMMON_ERRORS, ...errors])]
  for (const [status, codesOfStatus] of Map.groupBy(codes, (code) => ERROR_CODES[code].status)) {
    response[status] = {
      description: codesOfStatus.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`).join(' '),
      content: { 'application/problem+json': { schema: problemSchema } },
    }
  }
  const untyped: object = { response }
  const security = [...(isForOperators ? [] : [{ panelKey: [scope] }]), { consoleSession: [scope] }]
  const documented = {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security,
  }
  return { scope, isForOperators, ...documented, ...untyped }
}
