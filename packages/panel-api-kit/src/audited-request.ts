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
  const action = request.routeOptions.schema?.operationId ?? request.routeOptions.url ?? 'unknown'
  const { texts, subject } = read(request)
  const note = texts['note'] ?? null
  return { actor: id, actorName: name, action, subject: subject?.id ?? null, note, address: request.ip }
}

/** A routine call. The id of a user is apart, because an erasure takes it out. */
export function toAuditCall(request: FastifyRequest, outcome: AuditedOutcome): AuditCall {
  const { actor, action, address } = toAudited(request)
  const { subject } = read(request)
  const isOfUser = subject?.member === 'userId'
  return {
    actor,
    address,
    action,
    subject: outcome.subject ?? (isOfUser ? null : (subject?.id ?? null)),
    userId: isOfUser ? subject.id : null,
    result: outcome.result,
    after: outcome.after,
  }
}

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

function read(request: FastifyRequest): { readonly texts: Record<string, string>; readonly subject: Subject | undefined } {
  const texts = { ...textsOf(request.body), ...textsOf(request.params) }
  const member = SUBJECT_NAMES.find((name) => texts[name] !== undefined)
  return { texts, subject: member && { member, id: texts[member]! } }
}

/** Of a denied request nothing is validated. */
function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return Object.fromEntries(texts.map(([name, text]) => [name, text.slice(0, TEXT_LENGTH_MAX).replaceAll('\0', '')]))
}
