import { withConnection } from '@paxyo/database'
import type { Pool } from 'pg'
import { whyUnusable, type FeedCursor } from '../feed/feed-cursor.ts'
import { appendChanges } from './append-changes.ts'
import type { Change } from './change.ts'
import { isKept, readChangeRows, toChanges, type Reading } from './change-rows.ts'

export interface ChangePage {
  readonly changes: readonly Change[]
  /** Where to continue; also set when the page is empty. */
  readonly cursor: FeedCursor
  readonly hasMore: boolean
}

export interface ChangeFeedHead extends FeedCursor {
  /** The last position that is no longer kept. */
  readonly deletedPosition: number
}

/**
 * `cursor_void`: the database was restored. `cursor_expired`: the changes after the cursor are no longer kept. `cursor_ahead`: the
 * server does not have the position. It is a former primary, or a backup was restored without a new epoch.
 */
export type UnusableCursor = 'cursor_void' | 'cursor_expired' | 'cursor_ahead'

const READ_HEAD = `
  SELECT epoch, position, deleted_position AS "deletedPosition" FROM stream_epoch CROSS JOIN change_feed_head`

/**
 * The end of the feed, without changes that have no position yet.
 *
 * @example
 * const { position } = await readChangeFeedHead(pool)
 * position //=> 0
 */
export async function readChangeFeedHead(database: Reading): Promise<ChangeFeedHead> {
  const { rows } = await database.query<ChangeFeedHead>({ name: 'read_change_feed_head', text: READ_HEAD })
  return rows[0]!
}

/** The end of the feed, after every change that was committed before this call. */
export async function readChangeFeedEnd(pool: Pool): Promise<FeedCursor> {
  await appendChanges(pool)
  const { epoch, position } = await readChangeFeedHead(pool)
  return { epoch, position }
}

/**
 * The changes after a cursor, in the order of their commits: none is ever inserted before one that a reader has seen.
 * Changes without a position are not among them: call {@link appendChanges} before.
 *
 * @example
 * const cursor = await readChangeFeedHead(pool)
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * await appendChanges(pool)
 * const page = await readChanges(pool, cursor, 100)
 * typeof page === 'object' && page.changes.length > 0 //=> true
 */
export const readChanges = (pool: Pool, after: FeedCursor, limit: number): Promise<ChangePage | UnusableCursor> =>
  withConnection(pool, (client) => readChangesFrom(client, after, limit))

/**
 * As {@link readChanges}.
 *
 * @param server one server: with the end of the feed from one and the changes from another, which is behind, changes would be missing,
 * as if they were no longer kept.
 */
export async function readChangesFrom(
  server: Reading,
  after: FeedCursor,
  limit: number,
): Promise<ChangePage | UnusableCursor> {
  const head = await readChangeFeedHead(server)
  const reason = whyUnusable(head, after)
  if (reason !== undefined) return reason
  if (after.position < head.deletedPosition) return 'cursor_expired'
  if (after.position === head.position) return { changes: [], cursor: after, hasMore: false }

  const rows = await readChangeRows(server, after.position, limit + 1)
  // Positions have no gaps, unless they were deleted since the head was read.
  if (rows[0]?.position !== after.position + 1) return 'cursor_expired'
  const missing = rows.findIndex((row) => !isKept(row))
  if (missing === 0) return 'cursor_expired'
  const shown = rows.slice(0, missing === -1 ? limit : Math.min(missing, limit))
  return {
    changes: await toChanges(server, shown),
    cursor: { epoch: head.epoch, position: shown.at(-1)!.position },
    hasMore: rows.length > shown.length,
  }
}
