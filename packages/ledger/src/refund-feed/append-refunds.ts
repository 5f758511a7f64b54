import { roundTrip, transaction } from '@paxyo/database'
import type { Pool, PoolClient } from 'pg'

/** The maximum number of commits that one transaction appends. */
export const APPEND_COMMITS_MAX = 1000

// Held until the transaction ends, so that a position becomes visible only after all earlier ones.
const LOCK_FEED = `SELECT pg_advisory_xact_lock(hashtext('paxyo refund feed'))`

// A separate statement after the lock, so that it sees the positions that the lock's previous holder has assigned.
const APPEND = `
  WITH waiting AS (
    SELECT feed_id, cardinality(entry_ids) AS refund_count FROM refund_feed
    WHERE last_position IS NULL ORDER BY feed_id LIMIT ${APPEND_COMMITS_MAX}
  ), placed AS (
    SELECT feed_id, (SELECT coalesce(max(last_position), 0) FROM refund_feed)
      + sum(refund_count) OVER (ORDER BY feed_id) AS last_position
    FROM waiting
  )
  UPDATE refund_feed SET last_position = placed.last_position FROM placed WHERE refund_feed.feed_id = placed.feed_id`

const IS_ANY_WAITING = `SELECT EXISTS (SELECT FROM refund_feed WHERE last_position IS NULL) AS waiting`

/**
 * Assigns positions at the end of the feed to refunds that were committed since the last call. A transaction that commits
 * later gets a later position, so a reader that has seen a position has seen all earlier ones.
 *
 * @returns how many commits were appended; `APPEND_COMMITS_MAX` means that more may be waiting.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const batcher = createBatcher({ ...ledger, log })
 * await batcher.submit([canceled])
 * await appendRefunds(pool) //=> 1
 * await batcher.close()
 */
export async function appendRefunds(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ waiting: boolean }>({ name: 'is_refund_waiting', text: IS_ANY_WAITING })
  if (rows[0]?.waiting !== true) return 0
  let appended: Promise<number> = Promise.resolve(0)
  await transaction(
    pool,
    () => Promise.resolve(),
    (client) => [(appended = lockAndAppend(client))],
  )
  return appended
}

/**
 * As {@link appendRefunds}, inside a transaction; the feed is locked until the transaction ends.
 *
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const batcher = createBatcher({ ...ledger, log })
 * await batcher.submit([canceled])
 * await transaction(pool, (client) => lockAndAppend(client)) //=> 1
 * await batcher.close()
 */
export async function lockAndAppend(client: PoolClient): Promise<number> {
  const lock = client.query({ name: 'lock_refund_feed', text: LOCK_FEED })
  const append = client.query({ name: 'append_refunds', text: APPEND })
  await roundTrip([lock, append])
  return (await append).rowCount ?? 0
}
