import type { OrderView } from '@paxyo/contracts'
import { coalesce } from './coalesce.ts'
import { NEWEST, ORDER_JSON, orderCursor, type OrderPlace } from './order-json.ts'
import type { Head } from './queries.ts'
import { checkedRows, type PrimaryRow, type ReadDatabase, type ReadSource } from './read-database.ts'

/** A request for orders of a user: the older ones after a place, or those with some ids. */
export type OrdersWanted =
  | { readonly userId: string; readonly after: OrderPlace | undefined; readonly limit: number }
  | { readonly userId: string; readonly ids: readonly string[] }

/** Orders of the user, newest first, as they were after the event `seq`. */
export interface FoundOrders extends Pick<Head, 'epoch' | 'seq'> {
  readonly orders: readonly OrderView[]
  /** Where the ones after them begin; undefined when there are none. */
  readonly older?: string | undefined
}

/** Reads orders of a user, never those of another one. Concurrent reads share queries. */
export interface OrderReader {
  /**
   * @param isWanted whether the result is still needed.
   * @throws when the database is unavailable, and when the result is no longer needed.
   */
  read(wanted: OrdersWanted, isWanted?: () => boolean): Promise<FoundOrders>
}

/** With at most 100 orders each. */
const REQUESTS_PER_QUERY_MAX = 20
const GATHER_MS = 20
/** Of the orders' JSON: room for dozens of the longest ones, so that each page makes progress. */
export const PAGE_BYTES_MAX = 256 * 1024

/** Runs one query at a time: users who read many old orders wait for each other, and do not delay other reads. */
export function createOrderReader(source: ReadSource): OrderReader {
  const read = coalesce<OrdersWanted, FoundOrders>((wanted) => source.read((database) => readAll(database, wanted)), {
    batchMax: REQUESTS_PER_QUERY_MAX,
    concurrency: 1,
    gatherMs: GATHER_MS,
  })
  return { read }
}

// Separate index scans for the rows of the same time and the earlier ones: however many there are, it reads a page.
const READ_PAGES = `
  SELECT stream_epoch.epoch, pg_is_in_recovery() AS is_replica, coalesce(accounts.last_seq, 0) AS seq,
    coalesce(list.orders, '[]') AS orders, list.cursors, list.found
  FROM stream_epoch,
    unnest($1::text[], $2::bigint[], $3::text[], $4::integer[])
      WITH ORDINALITY AS wanted (user_id, after_us, after_id, read_max, position)
  LEFT JOIN accounts USING (user_id)
  LEFT JOIN LATERAL (
    SELECT json_agg(o.json ORDER BY o.created_at DESC, o.order_id) FILTER (WHERE o.bytes <= $5) AS orders,
      array_agg(${orderCursor('o')} ORDER BY o.created_at DESC, o.order_id) FILTER (WHERE o.bytes <= $5) AS cursors,
      count(*)::int AS found
    FROM (
      SELECT *, sum(octet_length(json::text)) OVER (
        ORDER BY created_at DESC, order_id ROWS UNBOUNDED PRECEDING) AS bytes
      FROM (
        SELECT o.*, ${ORDER_JSON} AS json
        FROM (
          (SELECT * FROM orders
            WHERE user_id = wanted.user_id AND order_id > wanted.after_id
              AND created_at = timestamptz 'epoch' + wanted.after_us * interval '1 microsecond'
            ORDER BY order_id LIMIT wanted.read_max)
          UNION ALL
          (SELECT * FROM orders
            WHERE user_id = wanted.user_id
              AND created_at < timestamptz 'epoch' + wanted.after_us * interval '1 microsecond'
            ORDER BY created_at DESC, order_id LIMIT wanted.read_max)
          ORDER BY created_at DESC, order_id LIMIT wanted.read_max
        ) AS o
      ) AS candidates
    ) AS o
  ) AS list ON true
  ORDER BY wanted.position`

// The user's id is part of each lookup, and LIMIT makes it a lookup by the order's id.
const READ_BY_IDS = `
  SELECT stream_epoch.epoch, pg_is_in_recovery() AS is_replica, coalesce(accounts.last_seq, 0) AS seq,
    coalesce(list.orders, '[]') AS orders
  FROM stream_epoch, unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted (user_id, ids, position)
  LEFT JOIN accounts USING (user_id)
  LEFT JOIN LATERAL (
    SELECT json_agg(${ORDER_JSON} ORDER BY o.created_at DESC, o.order_id) AS orders
    FROM (SELECT DISTINCT json_array_elements_text(wanted.ids::json) AS id) AS ids
    CROSS JOIN LATERAL (
      SELECT * FROM orders WHERE order_id = ids.id AND user_id = wanted.user_id LIMIT 1
    ) AS o
  ) AS list ON true
  ORDER BY wanted.position`

interface OrdersRow extends PrimaryRow {
  readonly seq: number
  readonly orders: readonly OrderView[]
}

interface PageRow extends OrdersRow {
  readonly cursors: readonly string[] | null
  /** With those that exceed the bytes of a page. */
  readonly found: number
}

async function readAll(database: ReadDatabase, wanted: readonly OrdersWanted[]): Promise<FoundOrders[]> {
  const pages = wanted.filter((each) => 'limit' in each)
  const byIds = wanted.filter((each) => 'ids' in each)
  const foundPages = pages.length === 0 ? [] : await readPages(database, pages)
  const foundByIds = byIds.length === 0 ? [] : await readByIds(database, byIds)
  return wanted.map((each) => ('limit' in each ? foundPages : foundByIds).shift()!)
}

type Page = Extract<OrdersWanted, { limit: number }>
type ByIds = Extract<OrdersWanted, { ids: readonly string[] }>

/** Reads one more than wanted, to know whether there are more. A page has fewer orders than wanted when they are long. */
async function readPages(database: ReadDatabase, wanted: readonly Page[]): Promise<FoundOrders[]> {
  const places = wanted.map(({ after }) => after ?? NEWEST)
  const { rows } = await database.query<PageRow>({
    name: 'read_order_pages',
    text: READ_PAGES,
    values: [
      wanted.map(({ userId }) => userId),
      places.map(({ createdAtUs }) => createdAtUs),
      places.map(({ orderId }) => orderId),
      wanted.map(({ limit }) => limit + 1),
      PAGE_BYTES_MAX,
    ],
  })
  return checkedRows(database, rows).map(({ epoch, seq, orders, cursors, found }, index) => {
    const count = Math.min(orders.length, wanted[index]!.limit)
    if (count === found || cursors === null) return { epoch, seq, orders }
    return { epoch, seq, orders: orders.slice(0, count), older: cursors[count - 1] }
  })
}

async function readByIds(database: ReadDatabase, wanted: readonly ByIds[]): Promise<FoundOrders[]> {
  const { rows } = await database.query<OrdersRow>({
    name: 'read_orders_by_ids',
    text: READ_BY_IDS,
    values: [wanted.map(({ userId }) => userId), wanted.map(({ ids }) => JSON.stringify(ids))],
  })
  return checkedRows(database, rows).map(({ epoch, seq, orders }) => ({ epoch, seq, orders }))
}
