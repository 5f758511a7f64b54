import type { ErrorCode } from '@paxyo/contracts'
import { commitChangeSet, type LedgerDeps } from './commit-change-set.ts'
import type { LedgerTransaction } from './ledger-transaction.ts'
import { isAcknowledgement, recordResponse, type AuditedWork, type SuccessResponse } from './record-response.ts'
import { retryLostRaces } from './retry-lost-races.ts'
import { readStoredResponses, type IdempotentRequest, type WrittenResponse } from './stored-responses.ts'

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
export function commitOnce(
  deps: LedgerDeps,
  request: IdempotentRequest | undefined,
  work: OnceWork,
  audited?: AuditedWork,
): Promise<WrittenResponse | ErrorCode> {
  return retryLostRaces(() =>
    commitChangeSet(deps, async (tx) => {
      const stored = await readStoredResponses(tx.client, request === undefined ? [] : [request])
      const earlier = request && stored.find(request)
      if (typeof earlier === 'object') return earlier
      const response = recordResponse(tx.changes, stored, { request, audited }, earlier ?? (await work(tx)))
      tx.changes.acknowledges = isAcknowledgement(response)
      tx.changes.others.push(...stored.toStatements())
      return response
    }),
  )
}
