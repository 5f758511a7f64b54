import { roundTrip, transaction } from '@paxyo/database'
import type { Pool } from 'pg'

/** The maximum number of commits that one transaction appends. */
const APPEND_COMMITS_MAX = 5000

// Held until the transaction ends, so that a position becomes visible only after all earlier ones.
const LOCK_HEAD = 'SELECT FROM change_feed_head FOR UPDATE'

// A separate statement after the lock, so that it sees the positions that the lock's previous holder has assigned.
const APPEND = `
  WITH waiting AS (
    SELECT feed_id, coalesce(cardinality(user_ids), cardinality(review_ids)) AS size FROM change_feed
    WHERE last_position IS NULL ORDER BY feed_id LIMIT ${APPEND_COMMITS_MAX}
  ), placed AS (
    SELECT feed_id, (SELECT position FROM change_feed_head) + sum(size) OVER (ORDER BY feed_id) AS last_position
    FROM waiting
  ), moved AS (
    UPDATE change_feed SET last_position = placed.last_position FROM placed
    WHERE change_feed.feed_id = placed.feed_id AND change_feed.last_position IS NULL
    RETURNING change_feed.last_position
  ), head AS (
    UPDATE change_feed_head SET position = moved.position
    FROM (SELECT max(last_position) AS position FROM moved) AS moved WHERE moved.position IS NOT NULL
  )
  SELECT count(*)::int AS count FROM moved`

const IS_ANY_WAITING = 'SELECT EXISTS (SELECT FROM change_feed WHERE last_position IS NULL) AS waiting'

/**
 * Assigns positions at the end of the changes feed to all changes that were committed since the last call. A transaction
 * that commits later gets later positions, so a reader that has seen a position has seen all earlier ones. A user's
 * changes keep the order of their seqs.
 *
 * @returns how many commits were appended.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * await appendChanges(pool) //=> 1
 */
export async function appendChanges(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ waiting: boolean }>({ name: 'is_change_waiting', text: IS_ANY_WAITING })
  if (rows[0]?.waiting !== true) return 0
  let total = 0
  for (let count = APPEND_COMMITS_MAX; count === APPEND_COMMITS_MAX; total += count) count = await appendSome(pool)
  return total
}

/** @returns `APPEND_COMMITS_MAX` when more may be waiting. */
async function appendSome(pool: Pool): Promise<number> {
  return transaction(pool, async (client) => {
    const [, { rows }] = await roundTrip([
      client.query({ name: 'lock_change_feed', text: LOCK_HEAD }),
      client.query<{ count: number }>({ name: 'append_changes', text: APPEND }),
    ])
    return rows[0]!.count
  })
}
