/**
 * Group commit of requests that change accounts and orders which exist: deposits, and what people do with orders.
 *
 * Guarantees: `commit` returns a response only after the COMMIT of its change, which is stored with it under the request's
 * Idempotency-Key. A request that fails does not fail the others of its group. A request for an account that no other transaction
 * has locked waits for no lock.
 *
 * How: requests that arrive while a group commits form the next one, without a timer. A group locks the accounts that are free, reads
 * all that its requests need in one round trip, decides them one after the other, each on what the ones before it have left, and
 * writes the changes of all in another round trip. Requests for accounts that another transaction has locked are in groups which wait.
 * When a group fails, each of its requests is committed alone.
 *
 * Without it every request costs a transaction with its own fsync, and a flood of them takes the processor from the webhooks.
 */

import type { ErrorCode } from '@paxyo/contracts'
import { isDatabaseUnavailable, RolledBackError, roundTrip } from '@paxyo/database'
import { commitChangeSet, type LedgerDeps } from '../transaction/commit-change-set.ts'
import { createGrouping } from '../transaction/grouping.ts'
import type { LedgerTransaction } from '../transaction/ledger-transaction.ts'
import {
  isAcknowledgement,
  recordResponse,
  type AuditedWork,
  type OnceRequest,
  type SuccessResponse,
} from '../transaction/record-response.ts'
import { retryLostRaces } from '../transaction/retry-lost-races.ts'
import {
  readStoredResponses,
  type IdempotentRequest,
  type StoredResponses,
  type WrittenResponse,
} from '../transaction/stored-responses.ts'
import { hasLocks, readLockedRows, type LockedRows, type Locks, type NeededRows } from './locked-rows.ts'

/** The transaction of a group, in which a write is decided. */
export interface WriteTransaction extends Pick<LedgerTransaction, 'changes' | 'newId'> {
  readonly rows: LockedRows
}

/** A change of an account or of an order. */
export interface AccountWrite {
  readonly needs: NeededRows
  /** Records the changes and returns the response. When it returns an error code, it must not have recorded anything. */
  readonly decide: (tx: WriteTransaction) => SuccessResponse | ErrorCode
}

export interface AccountWrites {
  /**
   * Commits a write together with its response. A repeated request gets the first response and is not decided; an error is not
   * stored.
   *
   * @param audited when set, the transaction also records the request in the audit log, unless it repeats an earlier response.
   * @throws the database's errors; when the database was not reachable, the outcome is unknown.
   */
  commit(
    request: IdempotentRequest | undefined,
    write: AccountWrite,
    audited?: AuditedWork,
  ): Promise<WrittenResponse | ErrorCode>
}

/** The maximum number of requests in one transaction. */
const GROUP_MAX = 64

interface Item extends OnceRequest {
  readonly write: AccountWrite
}

type Result = WrittenResponse | ErrorCode

/**
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * const writes = createAccountWrites(ledger)
 * const payment = { userId: 'ann', amount: parseMoney('10'), currency: 'USD', paymentRef: 'invoice 1' }
 * const response = await writes.commit(undefined, {
 *   needs: depositNeeds(payment),
 *   decide: (tx) => ({ status: 201, body: { isDone: typeof deposit(tx, payment) === 'object' } }),
 * })
 * response //=> { status: 201, json: '{"isDone":true}', isReplay: false }
 */
export function createAccountWrites(deps: LedgerDeps): AccountWrites {
  const waiting = createGrouping<Item, Result>(GROUP_MAX, async (items) => {
    const responses = await commitItems(deps, items, 'all')
    // Set: those that wait are all decided.
    return responses.map((response) => response!)
  })
  const free = createGrouping<Item, Result>(GROUP_MAX, async (items) => {
    const responses = await commitItems(deps, items, 'free')
    return responses.map((response, index) => response ?? waiting.submit(items[index]!))
  })
  return { commit: (request, write, audited) => free.submit({ request, write, audited }) }
}

/** @returns a response for each; undefined for those whose account is not locked. */
async function commitItems(
  deps: LedgerDeps,
  items: readonly Item[],
  locks: Locks,
): Promise<(Result | Promise<Result> | undefined)[]> {
  try {
    return await commitTogether(deps, items, locks)
  } catch (error) {
    // The outcome is unknown, and would be again.
    if (isDatabaseUnavailable(error)) throw error
    const settled: PromiseSettledResult<Result | undefined>[] = []
    for (const item of items) settled.push(...(await Promise.allSettled([commitAlone(deps, item, locks)])))
    return settled.map((result) => (result.status === 'fulfilled' ? result.value : Promise.reject<Result>(result.reason as Error)))
  }
}

async function commitAlone(deps: LedgerDeps, item: Item, locks: Locks): Promise<Result | undefined> {
  const [response] = await retryLostRaces(() => commitTogether(deps, [item], locks))
  return response
}

function commitTogether(deps: LedgerDeps, items: readonly Item[], locks: Locks): Promise<(Result | undefined)[]> {
  return commitChangeSet(deps, async (tx) => {
    const needs = items.map(({ write }) => write.needs)
    const [stored, rows] = await roundTrip([
      readStoredResponses(
        tx.client,
        items.flatMap(({ request }) => request ?? []),
      ),
      readLockedRows(tx, needs, locks),
    ])
    const { changes, newId } = tx
    const responses = items.map((item) => respond({ changes, newId, rows }, stored, item, locks))
    changes.acknowledges = responses.some((response) => response !== undefined && isAcknowledgement(response))
    changes.others.push(...stored.toStatements())
    return responses
  })
}

function respond(tx: WriteTransaction, stored: StoredResponses, item: Item, locks: Locks): Result | undefined {
  const { request, write } = item
  const earlier = request && stored.find(request)
  if (typeof earlier === 'object') return earlier
  if (earlier === undefined && !hasLocks(tx.rows, write.needs)) {
    if (locks === 'free') return undefined
    // An erasure has renamed the user of the order since the lock was requested: it must be run again.
    if (write.needs.orderId !== undefined) throw new RolledBackError('an account was erased meanwhile')
  }
  return recordResponse(tx.changes, stored, item, earlier ?? write.decide(tx))
}
