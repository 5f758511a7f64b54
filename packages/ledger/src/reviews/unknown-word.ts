import { roundTrip } from '@paxyo/database'
import type { Pool, PoolClient } from 'pg'
import { commitChangeSet, type LedgerDeps } from '../transaction/commit-change-set.ts'
import { readClock } from '../transaction/read-working-set.ts'

/** A status word of a provider that was in no map when a delivery arrived. */
export interface StatusWord {
  readonly provider: string
  readonly word: string
}

/** At most this many deliveries are counted. */
const WORD_DELIVERIES_MAX = 10_000

const READ_WORD = `
  SELECT provider, status_word AS word FROM deliveries
  WHERE delivery_id = (SELECT delivery_id FROM reviews WHERE review_id = $1 AND reason = 'unknown_status')
    AND status_word IS NOT NULL`

// Without those whose body is gone, without those that a replay has read (the word of that replay is another one, or none), and without those that a person has
// seen in a review of their order that was resolved since.
const WITH_WORD = `
  FROM deliveries AS waiting
  WHERE outcome = 'review' AND reason = 'unknown_status' AND provider = $1 AND status_word = $2 AND replay_of IS NULL AND body IS NOT NULL
    AND NOT EXISTS (SELECT FROM deliveries AS replay
      WHERE replay.replay_of = waiting.delivery_id AND replay.status_word IS DISTINCT FROM waiting.status_word)
    AND NOT EXISTS (SELECT FROM reviews JOIN orders USING (order_id)
      WHERE orders.provider = waiting.provider AND orders.provider_order_id = waiting.provider_order_id
        AND reviews.reason = 'unknown_status' AND reviews.resolution <> 'dismiss'
        AND reviews.resolved_at >= waiting.received_at)`

const COUNT_WITH_WORD = `
  SELECT count(*)::int AS count FROM (SELECT ${WITH_WORD} LIMIT ${WORD_DELIVERIES_MAX}) AS counted`

const FIND_WITH_WORD = `SELECT delivery_id ${WITH_WORD} ORDER BY received_at, delivery_id LIMIT $3`

/** The word that a review is about; undefined when it is about something else. */
export async function readStatusWord(client: Pool | PoolClient, reviewId: string): Promise<StatusWord | undefined> {
  const { rows } = await client.query<StatusWord>(READ_WORD, [reviewId])
  return rows[0]
}

/** Deliveries with a word that are not replayed since it was mapped, the oldest first. */
export async function findWithWord(pool: Pool, { provider, word }: StatusWord, countMax: number): Promise<string[]> {
  const { rows } = await pool.query<{ delivery_id: string }>(FIND_WITH_WORD, [provider, word, countMax])
  return rows.map(({ delivery_id: id }) => id)
}

export async function countWithWord(client: Pool | PoolClient, { provider, word }: StatusWord): Promise<number> {
  const { rows } = await client.query<{ count: number }>(COUNT_WITH_WORD, [provider, word])
  return rows[0]!.count
}

/** The word that a review is about, with the number of deliveries that wait for its meaning. */
export interface UnknownWord extends StatusWord {
  readonly deliveries: number
}

/**
 * Reads the unknown word of a review.
 *
 * @returns undefined when the review is about something else.
 * @example
 * await readUnknownWord(pool, newId()) //=> undefined
 */
export async function readUnknownWord(client: Pool | PoolClient, reviewId: string): Promise<UnknownWord | undefined> {
  const found = await readStatusWord(client, reviewId)
  return found && { ...found, deliveries: await countWithWord(client, found) }
}

// The orders that have the provider orders of these deliveries, or had them. An order's account never changes.
const ORDERS_OF_DELIVERIES = `
  SELECT order_id FROM deliveries JOIN orders USING (provider, provider_order_id) WHERE delivery_id = ANY($1::text[])
  UNION
  SELECT change.order_id FROM deliveries JOIN provider_order_changes AS change
    ON change.former_provider_order_id = deliveries.provider_order_id AND change.former_provider = deliveries.provider
  WHERE delivery_id = ANY($1::text[])`

// Like every transaction that takes both locks: the accounts' before the reviews'.
const LOCK_ACCOUNTS = `
  SELECT user_id FROM accounts
  WHERE user_id IN (SELECT user_id FROM orders WHERE order_id IN (${ORDERS_OF_DELIVERIES}))
  ORDER BY user_id FOR NO KEY UPDATE`

const isUnread = (delivery: string): string => `
  ${delivery}.outcome = 'review' AND ${delivery}.reason = 'unknown_status' AND ${delivery}.replay_of IS NULL
    AND NOT EXISTS (SELECT FROM deliveries AS replay
      WHERE replay.replay_of = ${delivery}.delivery_id AND replay.reason IS DISTINCT FROM 'unknown_status')`

// A review that counts deliveries with another unknown word stays open. Those of a former provider order count until the
// order got another one.
const DISMISS_REVIEWS = `
  UPDATE reviews SET resolved_at = clock_timestamp(), resolved_by = $2, resolved_with = $3, resolution = 'dismiss',
    resolution_note = $4
  FROM orders, deliveries AS opening
  WHERE orders.order_id = reviews.order_id AND opening.delivery_id = reviews.delivery_id
    AND reviews.resolved_at IS NULL AND reviews.reason = 'unknown_status'
    AND reviews.order_id IN (${ORDERS_OF_DELIVERIES})
    AND NOT EXISTS (SELECT FROM deliveries AS other
      WHERE other.provider_order_id = orders.provider_order_id AND other.provider = orders.provider
        AND other.received_at >= opening.received_at AND ${isUnread('other')})
    AND NOT EXISTS (SELECT FROM provider_order_changes AS change JOIN deliveries AS other
      ON other.provider_order_id = change.former_provider_order_id AND other.provider = change.former_provider
      WHERE change.order_id = orders.order_id
        AND other.received_at BETWEEN opening.received_at AND change.created_at AND ${isUnread('other')})
  RETURNING reviews.review_id`

/** The person who replays, and the reason. */
export interface DismissedBy {
  readonly actor: string
  readonly keyId: string
  readonly note: string
}

/** Dismisses the open reviews of replayed deliveries whose every unknown word was read since. @returns how many. */
export function dismissReviews(deps: LedgerDeps, deliveryIds: readonly string[], by: DismissedBy): Promise<number> {
  const { actor, keyId, note } = by
  return commitChangeSet(deps, async (tx) => {
    const [, { rows }] = await roundTrip([
      tx.client.query(LOCK_ACCOUNTS, [deliveryIds]),
      tx.client.query<{ review_id: string }>(DISMISS_REVIEWS, [deliveryIds, actor, keyId, note]),
      readClock(tx),
    ])
    tx.changes.resolvedReviewIds.push(...rows.map((row) => row.review_id))
    return rows.length
  })
}
