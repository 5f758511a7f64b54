/**
 * Group commit of requests that change accounts and orders which exist: deposits, and what people do with orders.
 *
 * Guarantees: `commit` returns a response only after the COMMIT of its change, which is stored with it under the request's
 * Idempotency-Key. A request that fails does not fail the others of its group, and one whose account is locked delays only those of
 * the same account. A change is decided again only when its transaction has certainly not been committed.
 *
 * How: requests that arrive while a group commits form the next one, without a timer. A group locks the accounts that are free, reads
 * all that its requests need in one round trip, decides them one after the other, each on what the ones before it have left, and
 * writes the changes of all in another round trip. Requests whose account, or whose Idempotency-Key, is locked by another transaction
 * wait for it in groups of one account each. A group that the database rejects is halved until only the rejected request is left.
 *
 * Without it every request costs a transaction with its fsync, and a flood of them takes the processor from the webhooks.
 */

import type { ErrorCode } from '@paxyo/contracts'
import { isRejectedByDatabase, RolledBackError, roundTrip } from '@paxyo/database'
import { createConcurrencyLimiter } from '@paxyo/service-kit'
import type { Logger } from 'pino'
import { commitChangeSet, type LedgerDeps } from '../transaction/commit-change-set.ts'
import { createGrouping, type Grouping } from '../transaction/grouping.ts'
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
import { readLockedRows, userOf, type LockedRows, type Locks, type NeededRows } from './locked-rows.ts'

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
  /** For how long the present group has been in progress; 0 without one. */
  readonly commitAgeMs: number
  /** The number of requests that wait for an account which another transaction has locked. */
  readonly lockWaits: number
  /** For how long the first of them has been waiting; 0 without one. */
  readonly lockWaitMs: number
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

export interface AccountWritesDeps extends LedgerDeps {
  readonly log: Logger
}

/** The maximum number of requests in one transaction. */
const GROUP_MAX = 64
/** Accounts whose locks are awaited at the same time, each with a connection. */
const AWAITED_ACCOUNTS_MAX = 2
/** Shorter than a client's usual timeout: a request must not take effect after its client gave up. */
const WAIT_MS_MAX = 10_000

interface Item extends OnceRequest {
  readonly write: AccountWrite
}

type Result = WrittenResponse | ErrorCode

/** What came of a request: its response, its error, or the user whose account it has to wait for. */
type Outcome = { readonly result: Result } | { readonly error: unknown } | { readonly waitsFor: string }

/** The decision about one request has failed; nothing of its group is written. */
class FailedDecision extends Error {
  readonly item: Item

  constructor(item: Item, cause: unknown) {
    super('a decision has failed', { cause })
    this.item = item
  }
}

/**
 * Creates the group commit of one process.
 *
 * @example
 * await commitChangeSet(ledger, (tx) => openAccount(tx, 'ann', 'USD'))
 * const writes = createAccountWrites({ ...ledger, log })
 * const payment = { userId: 'ann', amount: parseMoney('10'), currency: 'USD', paymentRef: 'invoice 1' }
 * const response = await writes.commit(undefined, {
 *   needs: depositNeeds(payment),
 *   decide: (tx) => ({ status: 201, body: { isDone: typeof deposit(tx, payment) === 'object' } }),
 * })
 * response //=> { status: 201, json: '{"isDone":true}', isReplay: false }
 */
export function createAccountWrites(deps: AccountWritesDeps): AccountWrites {
  const waiting = createWaiting(deps)
  const free = createGrouping<Item, Result>(GROUP_MAX, async (items) => {
    const outcomes = await commitItems(deps, items, 'free')
    return outcomes.map((outcome, index) =>
      'waitsFor' in outcome ? waiting.submit(outcome.waitsFor, items[index]!) : settle(outcome),
    )
  })
  return {
    get commitAgeMs() {
      return free.ageMs
    },
    get lockWaits() {
      return waiting.count
    },
    get lockWaitMs() {
      return waiting.ageMs
    },
    commit: (request, write, audited) => free.submit({ request, write, audited }),
  }
}

/** Commits requests whose account, or whose key, another transaction has locked: those of an account one after the other. */
interface Waiting {
  readonly count: number
  readonly ageMs: number
  submit(userId: string, item: Item): Promise<Result>
}

function createWaiting(deps: AccountWritesDeps): Waiting {
  const slots = createConcurrencyLimiter(AWAITED_ACCOUNTS_MAX, Infinity, WAIT_MS_MAX)
  const queues = new Map<string, { requests: number; readonly grouping: Grouping<Item, Result> }>()
  /** When each request began to wait, the first one first. */
  const waits = new Map<Item, number>()

  async function commitOfAccount(items: readonly Item[]): Promise<(Result | Promise<Result>)[]> {
    const leave = await slots.enter()
    if (leave === undefined) throw new RolledBackError('the accounts of other requests have been locked for too long')
    try {
      return (await commitItems(deps, items, 'all')).map(settle)
    } finally {
      leave()
    }
  }

  return {
    get count() {
      return waits.size
    },
    get ageMs() {
      const [since] = waits.values()
      return since === undefined ? 0 : performance.now() - since
    },
    async submit(userId, item) {
      waits.set(item, performance.now())
      const queue = queues.get(userId) ?? { requests: 0, grouping: createGrouping(GROUP_MAX, commitOfAccount) }
      queues.set(userId, queue)
      queue.requests += 1
      try {
        return await queue.grouping.submit(item)
      } finally {
        waits.delete(item)
        queue.requests -= 1
        if (queue.requests === 0) queues.delete(userId)
      }
    },
  }
}

function settle(outcome: Outcome): Result | Promise<Result> {
  if ('result' in outcome) return outcome.result
  return Promise.reject('error' in outcome ? (outcome.error as Error) : new RolledBackError('an account is locked'))
}

/**
 * Commits all requests, and when the database rejects that, each half of them; when the decision about one of them fails, the others.
 *
 * @returns what came of each; of all the same error when the outcome is unknown.
 */
async function commitItems(deps: AccountWritesDeps, items: readonly Item[], locks: Locks): Promise<readonly Outcome[]> {
  const { log } = deps
  const onRetry = (err: unknown): void => log.warn({ err, requests: items.length }, 'group of requests: retry')
  try {
    return await retryLostRaces(() => commitTogether(deps, items, locks), onRetry)
  } catch (error) {
    if (error instanceof FailedDecision) {
      const others = items.filter((item) => item !== error.item)
      const outcomes = others.length === 0 ? [] : await commitItems(deps, others, locks)
      const remaining = outcomes.values()
      return items.map((item) => (item === error.item ? { error: error.cause } : remaining.next().value!))
    }
    if (items.length === 1 || !isRejectedByDatabase(error)) return items.map(() => ({ error }))
    log.warn({ err: error, requests: items.length }, 'group of requests rejected by the database')
    const middle = items.length >> 1
    return [
      ...(await commitItems(deps, items.slice(0, middle), locks)),
      ...(await commitItems(deps, items.slice(middle), locks)),
    ]
  }
}

function commitTogether(deps: LedgerDeps, items: readonly Item[], locks: Locks): Promise<Outcome[]> {
  return commitChangeSet(deps, async (tx) => {
    const requests = items.flatMap(({ request }) => request ?? [])
    const needs = items.map(({ write }) => write.needs)
    const [stored, rows] = await roundTrip([readStoredResponses(tx.client, requests), readLockedRows(tx, needs, locks)])
    const { changes, newId } = tx
    const outcomes = items.map((item) => respond({ changes, newId, rows }, stored, item, locks))
    changes.acknowledges = outcomes.some((outcome) => 'result' in outcome && isAcknowledgement(outcome.result))
    changes.others.push(...stored.toStatements())
    return outcomes
  })
}

function respond(tx: WriteTransaction, stored: StoredResponses, item: Item, locks: Locks): Outcome {
  const { rows, changes } = tx
  const { needs } = item.write
  const earlier = item.request && stored.find(item.request)
  if (typeof earlier === 'object') return { result: earlier }
  const userId = userOf(rows, needs)
  const isLockedElsewhere = userId !== undefined && rows.isLockedElsewhere(userId)
  if (locks === 'free') {
    // The key may be that of an equal request which waits for the same account.
    const mustWait = earlier === undefined ? isLockedElsewhere : earlier === 'idempotency_key_in_use'
    if (mustWait && userId !== undefined) return { waitsFor: userId }
  } else if (earlier === undefined && isLockedElsewhere) {
    // Since the lock was requested, an erasure has renamed the user, or the order was registered: it must be run again.
    throw new RolledBackError('the account of an order has changed meanwhile')
  }
  return { result: recordResponse(changes, stored, item, earlier ?? decide(tx, item)) }
}

function decide(tx: WriteTransaction, item: Item): SuccessResponse | ErrorCode {
  try {
    return item.write.decide(tx)
  } catch (cause) {
    throw new FailedDecision(item, cause)
  }
}
