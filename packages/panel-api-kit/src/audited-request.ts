import type { AuditCall } from '@paxyo/database'
import type { AuditedOutcome, AuditedRequest } from '@paxyo/ledger'
import type { FastifyRequest } from 'fastify'
import { principalOf } from './principal.ts'

/**
 * What the panel's server does all day: it registers orders and mints tokens. An entry for each would lock the end of the audit
 * log until its commit, and would be kept for ever.
 */
export function isRoutine(request: FastifyRequest): boolean {
  const { scope, operationId } = request.routeOptions.schema ?? {}
  return principalOf(request).kind === 'key' && (scope === 'orders:write' || operationId === 'mintToken')
}

/** The entry of a request, without what it changed. */
export function toAudited(request: FastifyRequest): AuditedRequest {
  const { id, name } = principalOf(request)
  const { note, subject } = read(request)
  const action = actionOf(request)
  return { actor: id, actorName: name, action, subject: subject?.id ?? null, note, address: request.ip }
}

/** A routine call. The id of a user is apart, because an erasure takes it out. */
export function toAuditCall(request: FastifyRequest, { subject: made, result, after }: AuditedOutcome): AuditCall {
  const { subject } = read(request)
  const isOfUser = subject?.member === 'userId'
  return {
    actor: principalOf(request).id,
    address: request.ip,
    action: actionOf(request),
    subject: made ?? (isOfUser ? null : (subject?.id ?? null)),
    userId: isOfUser ? subject.id : null,
    result,
    after,
  }
}

const actionOf = ({ routeOptions: { schema, url } }: FastifyRequest): string => schema?.operationId ?? url ?? 'unknown'

const TEXT_LENGTH_MAX = 2_000

const SUBJECT_NAMES = [
  'orderId',
  'reviewId',
  'deliveryId',
  'requestId',
  'endpointId',
  'webhookId',
  'operatorId',
  'keyId',
  'userId',
] as const

interface Subject {
  readonly member: (typeof SUBJECT_NAMES)[number]
  readonly id: string
}

/** Of a denied request nothing is validated. */
function read({ params, body }: FastifyRequest): {
  readonly note: string | null
  readonly subject: Subject | undefined
} {
  const textOf = (member: string): string | undefined => textIn(params, member) ?? textIn(body, member)
  for (const member of SUBJECT_NAMES) {
    const id = textOf(member)
    if (id !== undefined) return { note: textOf('note') ?? null, subject: { member, id } }
  }
  return { note: textOf('note') ?? null, subject: undefined }
}

function textIn(object: unknown, member: string): string | undefined {
  if (typeof object !== 'object' || object === null) return undefined
  const value: unknown = Reflect.get(object, member)
  return typeof value === 'string' ? value.slice(0, TEXT_LENGTH_MAX).replaceAll('\0', '') : undefined
}
