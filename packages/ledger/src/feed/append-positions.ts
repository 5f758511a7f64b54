/**
 * Feeds: what was committed, in the order of the commits.
 *
 * Guarantees: positions have no gaps, and a position becomes visible only after all earlier ones. So a reader that has
 * seen a position has seen all earlier ones, and a cursor is one number.
 *
 * How: a transaction inserts its row without a position, because it cannot know when it commits. Afterwards any process
 * gives the committed rows the next positions, one process at a time.
 */

import { roundTrip, transaction } from '@paxyo/database'
import type { Pool, PoolClient } from 'pg'

/** The statements that give positions to the rows of a feed. */
export interface AppendStatements {
  /** Distinguishes the feed's prepared statements. */
  readonly name: string
  /** Returns one row, whose `waiting` says whether a row has no position. */
  readonly isAnyWaiting: string
  /** Holds a lock until the transaction ends, so that a position becomes visible only after all earlier ones. */
  readonly lock: string
  /** Gives positions to the oldest rows without one, at most `rowsMax`, and returns their `count`. */
  readonly append: string
  readonly rowsMax: number
}

/**
 * Gives positions to all rows of a feed that were committed before this call.
 *
 * @returns how many rows got one.
 */
export async function appendPositions(pool: Pool, feed: AppendStatements): Promise<number> {
  const { rows } = await pool.query<{ waiting: boolean }>({ name: `is_${feed.name}_waiting`, text: feed.isAnyWaiting })
  if (rows[0]?.waiting !== true) return 0
  let total = 0
  for (let count = feed.rowsMax; count === feed.rowsMax; total += count) {
    count = await transaction(pool, (client) => lockAndAppend(client, feed))
  }
  return total
}

/** Appends at most `rowsMax` rows, inside a transaction; the feed is locked until the transaction ends. */
export async function lockAndAppend(client: PoolClient, { name, lock, append }: AppendStatements): Promise<number> {
  // Separate statements, so that the second one sees the positions that the lock's previous holder has assigned.
  const [, { rows }] = await roundTrip([
    client.query({ name: `lock_${name}_feed`, text: lock }),
    client.query<{ count: number }>({ name: `append_${name}`, text: append }),
  ])
  return rows[0]!.count
}
