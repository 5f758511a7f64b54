import type { OrderStatus } from '@paxyo/contracts'
import { replayDeliveries, type ReplayDeps, type ReplayResult } from '../deliveries/replay-deliveries.ts'
import type { NotCommitted } from '../deliveries/batcher.ts'
import type { LedgerDeps } from '../transaction/commit-change-set.ts'
import { findWord } from './mapped-words.ts'
import { countWithWord, dismissReviews, findWithWord, type StatusWord } from './unknown-word.ts'

/** A person's request to replay the deliveries with a review's word. */
export interface WordReplayRequest {
  readonly reviewId: string
  /** The maximum number of deliveries. */
  readonly limit: number
  /** The person who requests it; the name of the key when undefined. */
  readonly actor: string | undefined
  readonly keyId: string
}

export interface ReplayedWord extends StatusWord {
  /** What the word means now. */
  readonly status: OrderStatus | 'ignored'
  readonly results: readonly ReplayResult[]
  readonly reviewsDismissed: number
  /** Deliveries with the word that are not replayed yet. */
  readonly remaining: number
}

export type WordReplayRejection =
  | 'review_not_found'
  | 'review_without_word'
  | 'unknown_provider'
  | 'status_word_unmapped'
  | NotCommitted

const READ_KEY_NAME = 'SELECT name FROM api_keys WHERE key_id = $1'

/**
 * Replays the deliveries with the unknown word of a review, once the word is mapped, in order of arrival, and dismisses
 * their reviews. Deliveries that were replayed are not replayed again.
 *
 * @example
 * const batcher = createBatcher({ ...ledger, log })
 * const deps = { ...ledger, batcher, providers: [], newId, now: () => new Date() }
 * const request = { reviewId: newId(), limit: 100, actor: 'Ann', keyId: 'environment' }
 * await replayWord(deps, request) //=> 'review_not_found'
 * await batcher.close()
 */
export async function replayWord(
  deps: ReplayDeps & LedgerDeps,
  { reviewId, limit, actor, keyId }: WordReplayRequest,
): Promise<ReplayedWord | WordReplayRejection> {
  const { pool, providers } = deps
  const found = await findWord(pool, reviewId)
  if (typeof found === 'string') return found
  const provider = providers.find(({ name }) => name === found.provider)
  if (provider === undefined) return 'unknown_provider'
  const status = provider.readStatus(found.word)
  if (status === 'unknown') return 'status_word_unmapped'

  const ids = await findWithWord(pool, found, limit)
  const results = await replayDeliveries(deps, ids, undefined)
  if (typeof results === 'string') return results
  const { rows } = await pool.query<{ name: string }>(READ_KEY_NAME, [keyId])
  const note = `the status word "${found.word}" means ${status === 'ignored' ? 'ignore' : status} now; its deliveries were replayed`
  const by = { actor: actor ?? rows[0]?.name ?? keyId, keyId, note }
  const reviewsDismissed = ids.length === 0 ? 0 : await dismissReviews(deps, ids, by)
  return { ...found, status, results, reviewsDismissed, remaining: await countWithWord(pool, found) }
}
