import { ERROR_CODES, type ErrorCode } from '@paxyo/contracts'
import { type AuditEntry, isRejectedByDatabase, isRetryable, roundTrip } from '@paxyo/database'
import type { PoolClient } from 'pg'
import type { ChangeSet, Statement } from '../model/change-set.ts'
import { commitChangeSet, type LedgerDeps } from './commit-change-set.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'

const ATTEMPTS_MAX = 3

/** An Idempotency-Key and the request that it belongs to. */
export interface IdempotentRequest {
  readonly key: string
  readonly hash: Buffer
  /** The index of the transaction, when a request has several. */
  readonly part: number
}

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

/** A serialized response, stored with its effect when the request has an Idempotency-Key. */
export interface WrittenResponse {
  readonly status: number
  readonly json: string
  /** Whether it repeats the response to an earlier request with the same Idempotency-Key, or for the same payment. */
  readonly isReplay: boolean
}

/**
 * Records changes and returns the response. When it returns an error code, it must not have recorded or written
 * anything.
 */
export type OnceWork = (tx: LedgerTransaction) => Promise<SuccessResponse | ErrorCode>

/**
 * Runs `work` in a transaction and commits its changes together with its response, under the request's Idempotency-Key.
 * A repeated request gets the first response and does not run `work`. An error has no effect and is not stored: the
 * same request may succeed later. When a transaction loses a race against another one, `work` runs again.
 *
 * @param audited when set, the transaction also records the request in the audit log, unless it repeats an earlier response.
 * @throws the database's errors; when the database was not reachable, the outcome is unknown.
 * @example
 * const request = { key: 'opening-1', hash: Buffer.alloc(32), part: 0 }
 * const once = () => commitOnce(ledger, request, async (tx) => {
 *   await openAccount(tx, 'ann', 'USD')
 *   return { status: 201, body: { userId: 'ann' } }
 * })
 * await once() //=> { status: 201, json: '{"userId":"ann"}', isReplay: false }
 * await once() //=> { status: 201, json: '{"userId":"ann"}', isReplay: true }
 */
export async function commitOnce(
  deps: LedgerDeps,
  request: IdempotentRequest | undefined,
  work: OnceWork,
  audited?: AuditedWork,
): Promise<WrittenResponse | ErrorCode> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryOnce(deps, request, work, audited)
    } catch (error) {
      const mayHaveLostRace = isRejectedByDatabase(error) || isRetryable(error)
      if (!mayHaveLostRace || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

function tryOnce(
  deps: LedgerDeps,
  request: IdempotentRequest | undefined,
  work: OnceWork,
  audited?: AuditedWork,
): Promise<WrittenResponse | ErrorCode> {
  return commitChangeSet<WrittenResponse | ErrorCode>(deps, async (tx) => {
    const earlier = request === undefined ? undefined : await takeKey(tx.client, request)
    const result = earlier ?? (await work(tx))
    if (typeof result === 'string') {
      // A conflict is with what is committed, and may be with an earlier attempt of the same request.
      tx.changes.acknowledges = ERROR_CODES[result].status === 409
      if (audited?.isErrorAudited(result)) audited.record(tx.changes, { ...NO_CHANGE, result })
      return result
    }
    if ('json' in result) return result
    const { status, body, isReplay = false, audit } = result
    if (!isReplay) audited?.record(tx.changes, { ...NO_CHANGE, ...audit, result: 'ok' })
    const written = { status, json: JSON.stringify(body), isReplay }
    if (request !== undefined) tx.changes.others.push(storeResponse(request, written))
    return written
  })
}

const NO_CHANGE = { before: null, after: null }

/** Two-part advisory locks do not collide with the one-part locks of provider orders. */
const LOCK_KEY = `SELECT pg_try_advisory_xact_lock(hashtext('paxyo idempotency'), hashtext($1)) AS is_ours`
const READ_RESPONSE = `
  SELECT request_hash, status, body FROM idempotency_keys WHERE idempotency_key = $1 AND part = $2`
const STORE_RESPONSE = `
  INSERT INTO idempotency_keys (idempotency_key, part, request_hash, status, body) VALUES ($1, $2, $3, $4, $5)`

interface ResponseRow {
  readonly request_hash: Buffer
  readonly status: number
  readonly body: string
}

/**
 * Locks the key until the transaction ends. When another request holds the lock, this one does not wait for it: it
 * would hold a connection that webhooks need.
 *
 * @returns the stored response or an error code; undefined when the work has not been done yet.
 */
async function takeKey(
  client: PoolClient,
  { key, hash, part }: IdempotentRequest,
): Promise<WrittenResponse | ErrorCode | undefined> {
  // Two separate statements: the second must see what the previous holder of the lock committed.
  const [lock, { rows }] = await roundTrip([
    client.query<{ is_ours: boolean }>({ name: 'lock_idempotency_key', text: LOCK_KEY, values: [key] }),
    client.query<ResponseRow>({ name: 'read_response', text: READ_RESPONSE, values: [key, part] }),
  ])
  const stored = rows[0]
  if (stored !== undefined) {
    if (!stored.request_hash.equals(hash)) return 'idempotency_key_reused'
    return { status: stored.status, json: stored.body, isReplay: true }
  }
  return lock.rows[0]?.is_ours === true ? undefined : 'idempotency_key_in_use'
}

const storeResponse = ({ key, hash, part }: IdempotentRequest, { status, json }: WrittenResponse): Statement => ({
  name: 'store_response',
  text: STORE_RESPONSE,
  values: [key, part, hash, status, json],
})
