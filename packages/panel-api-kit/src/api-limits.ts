import { createConcurrencyLimiter, type ConcurrencyLimiter } from '@paxyo/service-kit'

/**
 * Each request needs one database connection at a time; the pool has more. In a flood of writes four commit a fifth more, and the p99 of
 * webhooks is 122 to 151 instead of 113 ms on two cores: more processes of PostgreSQL want them.
 */
const WRITES_MAX = 2
/**
 * Deposits and actions on orders that are in progress at the same time: several transactions full of them, so that those of a few accounts
 * that are locked do not take all places.
 */
const ACCOUNT_WRITES_MAX = 256
/** Those of one account. */
const ACCOUNT_WRITES_OF_SUBJECT_MAX = 16
/** Apart from writes, which wait for each other when many are for one account. */
const READS_MAX = 2
/** Tokens that are recorded at the same time: they share a connection and a commit, and leave the slots to the other writes. */
export const TOKENS_MAX = 100
const WAITING_MAX = 1_000
/** Writes for one account or order: a flood of them leaves the queue to the others. */
const WAITING_OF_SUBJECT_MAX = 16
/** Shorter than a client's usual timeout: a request must not take effect after its client gave up. */
const WAIT_MS_MAX = 10_000

export interface ApiLimiters {
  readonly writes: ConcurrencyLimiter
  /** Of the writes that are committed in groups. */
  readonly accountWrites: ConcurrencyLimiter
  readonly reads: ConcurrencyLimiter
  readonly tokens: ConcurrencyLimiter
}

/**
 * The limits of the panel API.
 *
 * @example
 * createApiLimiters().writes.isFull() //=> false
 */
export const createApiLimiters = (): ApiLimiters => ({
  writes: createConcurrencyLimiter(WRITES_MAX, WAITING_MAX, WAIT_MS_MAX, { waitingMax: WAITING_OF_SUBJECT_MAX }),
  accountWrites: createConcurrencyLimiter(ACCOUNT_WRITES_MAX, WAITING_MAX, WAIT_MS_MAX, {
    activeMax: ACCOUNT_WRITES_OF_SUBJECT_MAX,
    waitingMax: WAITING_OF_SUBJECT_MAX,
  }),
  reads: createConcurrencyLimiter(READS_MAX, WAITING_MAX, WAIT_MS_MAX),
  tokens: createConcurrencyLimiter(TOKENS_MAX, WAITING_MAX, WAIT_MS_MAX, { waitingMax: WAITING_OF_SUBJECT_MAX }),
})
