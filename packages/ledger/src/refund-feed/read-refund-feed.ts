import type { Pool } from 'pg'
import { appendRefunds } from './append-refunds.ts'
import { whyUnusable, type FeedCursor } from '../feed/feed-cursor.ts'
import type { Refund } from './refund.ts'

export interface RefundPage {
  readonly refunds: readonly Refund[]
  /** Where to continue; also set when the page is empty. */
  readonly cursor: FeedCursor
  readonly hasMore: boolean
}

/**
 * The columns of a {@link Refund}, from `item (entry_id, position)`. A refund never changes, so its provider order is the
 * one of its time: the one before the first later change.
 */
const REFUND_COLUMNS = `
    item.entry_id AS "refundId", item.position, entry.order_id AS "orderId",
    CASE WHEN later.order_id IS NULL THEN orders.provider ELSE later.former_provider END AS provider,
    CASE WHEN later.order_id IS NULL THEN orders.provider_order_id ELSE later.former_provider_order_id END
      AS "providerOrderId", entry.user_id AS "userId", trim_scale(entry.amount)::text AS amount,
    accounts.currency, trim_scale(entry.refunded_after)::text AS "orderRefunded",
    trim_scale(entry.balance_after)::text AS "balanceAfter",
    to_char(entry.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at`

const REFUND_JOINS = `
  JOIN ledger_entries AS entry USING (entry_id)
  JOIN orders USING (order_id)
  LEFT JOIN LATERAL (
    SELECT order_id, former_provider, former_provider_order_id FROM provider_order_changes AS change
    WHERE change.order_id = entry.order_id AND change.created_at > entry.created_at ORDER BY created_at LIMIT 1
  ) AS later ON true
  JOIN accounts ON accounts.user_id = entry.user_id`

/** The refunds after position $1, at most $2, as `(entry_id, position)`. */
const ITEMS = `
  SELECT entry_id, last_position - cardinality(entry_ids) + place AS position
  FROM (SELECT * FROM refund_feed WHERE last_position > $1 ORDER BY last_position LIMIT $2) AS feed
  CROSS JOIN LATERAL unnest(entry_ids) WITH ORDINALITY AS placed (entry_id, place)
  WHERE last_position - cardinality(entry_ids) + place > $1
  ORDER BY last_position, place
  LIMIT $2`

const READ_HEAD = `
  SELECT epoch, coalesce((SELECT max(last_position) FROM refund_feed), 0) AS position FROM stream_epoch`

const READ_PAGE = `
  SELECT ${REFUND_COLUMNS}
  FROM (${ITEMS}) AS item ${REFUND_JOINS}
  ORDER BY item.position`

/**
 * The refunds after a cursor, by their positions: no refund ever gets a position before one that a reader has seen.
 *
 * @param after the reader's cursor; `undefined` to read from the beginning.
 * @returns `cursor_void` when the cursor belongs to another epoch, because the database was restored; `cursor_ahead` when it is beyond
 * the end, because the server is a former primary, or a backup was restored without a new epoch.
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const batcher = createBatcher({ ...ledger, log })
 * await batcher.submit([canceled])
 * const page = await readRefundFeed(pool, undefined, 100)
 * typeof page === 'object' && page.refunds.length //=> 1
 * await batcher.close()
 */
export async function readRefundFeed(
  pool: Pool,
  after: FeedCursor | undefined,
  limit: number,
): Promise<RefundPage | 'cursor_void' | 'cursor_ahead'> {
  await appendRefunds(pool)
  const { rows: heads } = await pool.query<FeedCursor>({ name: 'read_feed_head', text: READ_HEAD })
  const head = heads[0]!
  const reason = after && whyUnusable(head, after)
  if (reason !== undefined) return reason
  const position = after?.position ?? 0

  const { rows } = await pool.query<Refund>({ name: 'read_refunds', text: READ_PAGE, values: [position, limit + 1] })
  const refunds = rows.slice(0, limit)
  return {
    refunds,
    cursor: { epoch: head.epoch, position: refunds.at(-1)?.position ?? position },
    hasMore: rows.length > limit,
  }
}
