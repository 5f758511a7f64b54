import { runQuery, withConnection, type Database } from '@paxyo/database'
import {
  appendChanges,
  formatFeedCursor,
  readChangeFeedHead,
  whyUnusable,
  type FeedCursor,
  type UnusableCursor,
} from '@paxyo/ledger'
import type { CopiedOrder } from '@paxyo/panel-client'
import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import { encodeCursor } from '@paxyo/panel-api-kit'
import { toPanelOrder } from './panel-order.ts'
import { selectOrdersAfter, type OrderFilter, type OrderPosition } from './select-orders.ts'

/** The number of orders that one page looks at: no index finds the updated ones among them. */
const SCANNED_MAX = 5_000

export interface OrderCopyQuery {
  readonly filter: OrderFilter
  readonly updatedAfter: Date
  readonly limit: number
  /** Where the page before ended, and the cursor that it had. */
  readonly from: { readonly position: OrderPosition; readonly changesCursor: FeedCursor } | undefined
}

export interface OrderCopyPage {
  readonly data: CopiedOrder[]
  readonly nextCursor: string | null
  /** The cursor of the changes feed at the first page. */
  readonly changesCursor: string
}

/**
 * A page of a copy of the orders that were updated after a time. The copy is complete with the changes after
 * `changesCursor`: that cursor is read before the first order, so a change is in the copied order, in the feed after the
 * cursor, or in both. Orders do not move between pages, because they are in the order of their registration.
 *
 * @returns the page, read from one server; or why that server cannot continue the copy. One that does not have `changesCursor`, such as a
 * former primary during a failover, may lack changes that the feed does not repeat.
 */
export async function copyOrders(
  { db, pool }: { readonly db: Kysely<Database>; readonly pool: Pool },
  { filter, updatedAfter, limit, from }: OrderCopyQuery,
): Promise<OrderCopyPage | UnusableCursor> {
  if (from === undefined) await appendChanges(pool)
  return withConnection(pool, async (server) => {
    const end = await readChangeFeedHead(server)
    const reason = from && whyUnusable(end, from.changesCursor)
    if (reason !== undefined) return reason
    const orders = selectOrdersAfter(db, filter, from?.position)
    const updated = db
      .selectFrom(orders.limit(SCANNED_MAX).as('scanned'))
      .selectAll()
      .where('updated_at', '>', updatedAfter)
      .orderBy('created_at', 'desc')
      .orderBy('order_id')
      .limit(limit + 1)
    const rows = await runQuery(server, updated)
    const shown = rows.slice(0, limit)
    // The last order that is shown, or that was looked at; there is none when these are all.
    const [last] =
      rows.length > limit ? shown.slice(-1) : await runQuery(server, orders.offset(SCANNED_MAX - 1).limit(1))
    const changesCursor = formatFeedCursor(from?.changesCursor ?? end)
    return {
      data: shown.map((row) => Object.assign(toPanelOrder(row), { seq: row.last_seq })),
      nextCursor: last === undefined ? null : encodeCursor([last.created_at_us, last.order_id, changesCursor]),
      changesCursor,
    }
  })
}
