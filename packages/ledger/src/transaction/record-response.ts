import { ERROR_CODES, type ErrorCode } from '@paxyo/contracts'
import type { AuditEntry } from '@paxyo/database'
import type { ChangeSet } from '../model/change-set.ts'
import type { IdempotentRequest, StoredResponses, WrittenResponse } from './stored-responses.ts'

/** The response to a request that changed data. */
export interface SuccessResponse {
  readonly status: 200 | 201
  readonly body: object
  /** Whether it repeats the response to an earlier, equal request. */
  readonly isReplay?: boolean
  /** What the audit log has about the change. */
  readonly audit?: { readonly subject?: string; readonly before?: object; readonly after?: object }
}

/** The author of a request, for the audit log. */
export type AuditedRequest = Omit<AuditEntry, 'before' | 'after' | 'result'>

/** What a request changed, for the audit log. */
export type AuditedOutcome = Pick<AuditEntry, 'before' | 'after' | 'result'> & { readonly subject?: string }

/** The record of a request in the audit log, which its transaction writes. */
export interface AuditedWork {
  /** Whether the log has also requests that got this error. */
  readonly isErrorAudited: (code: ErrorCode) => boolean
  readonly record: (changes: ChangeSet, outcome: AuditedOutcome) => void
}

/** A request that has its effect once. */
export interface OnceRequest {
  /** Undefined without an Idempotency-Key. */
  readonly request: IdempotentRequest | undefined
  /** Undefined when the audit log has no entry of it. */
  readonly audited: AuditedWork | undefined
}

const NO_CHANGE = { before: null, after: null }

/**
 * Records what a request returns: its entry of the audit log, unless it repeats an earlier response, and its response under its key.
 * An error is not stored.
 */
export function recordResponse(
  changes: ChangeSet,
  stored: StoredResponses,
  { request, audited }: OnceRequest,
  result: SuccessResponse | ErrorCode,
): WrittenResponse | ErrorCode {
  if (typeof result === 'string') {
    if (audited?.isErrorAudited(result)) audited.record(changes, { ...NO_CHANGE, result })
    return result
  }
  const { status, body, isReplay = false, audit } = result
  if (!isReplay) audited?.record(changes, { ...NO_CHANGE, ...audit, result: 'ok' })
  const response = { status, json: JSON.stringify(body), isReplay }
  if (request !== undefined) stored.add(request, response)
  return response
}

/**
 * Whether a response says that something is committed. A conflict is with what is committed, and may be with an earlier attempt of
 * the same request.
 */
export const isAcknowledgement = (response: WrittenResponse | ErrorCode): boolean =>
  typeof response !== 'string' || ERROR_CODES[response].status === 409
