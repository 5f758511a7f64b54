import type { OrderStatus } from '@paxyo/contracts'
import type { Pool } from 'pg'

export interface FoundOrder {
  readonly orderId: string
  readonly provider: string | null
  readonly providerOrderId: string | null
  readonly userId: string
  readonly service: string
  readonly link: string
  readonly status: OrderStatus
  readonly createdAt: Date
  readonly match: 'orderId' | 'providerOrderId' | 'link'
}

export interface Found {
  readonly orders: readonly FoundOrder[]
  readonly users: readonly { readonly userId: string; readonly balance: string; readonly currency: string }[]
  /** Whether further orders match. */
  readonly hasMore: boolean
}

const ORDERS_MAX = 20
/** Orders with a link of which the newest are shown. */
const LINK_ORDERS_MAX = 200
/** The indexed beginning of a link, without its scheme and `www.`. */
const LINK_CHARS = 64
/** A shorter text is the beginning of too many links. */
const LINK_CHARS_MIN = 4

const FIND_ORDERS = `
  WITH found AS (
    SELECT order_id, 'orderId' AS match, 1 AS rank FROM orders WHERE order_id = $1
    UNION ALL
    SELECT order_id, 'providerOrderId', 2 FROM orders WHERE provider_order_id = $1
    UNION ALL
    (SELECT order_id, 'link', 3 FROM orders
     WHERE $2::text IS NOT NULL AND left(regexp_replace(link, '^https?://(www\\.)?', '', 'i'), ${LINK_CHARS}) LIKE $2
       AND starts_with(regexp_replace(link, '^https?://(www\\.)?', '', 'i'), $3)
     LIMIT ${LINK_ORDERS_MAX})
  )
  SELECT DISTINCT ON (rank, created_at, order_id) order_id AS "orderId", provider, provider_order_id AS "providerOrderId",
    user_id AS "userId", service, link, status, created_at AS "createdAt", match
  FROM found JOIN orders USING (order_id) ORDER BY rank, created_at DESC, order_id LIMIT ${ORDERS_MAX + 1}`

const FIND_USER = `
  SELECT user_id AS "userId", trim_scale(balance)::text AS balance, currency FROM accounts WHERE user_id = $1`

/**
 * Finds orders by their id, their provider's id or the beginning of their link, and a user by id.
 *
 * @example
 * await commitChangeSet(ledger, (tx) => registerOrders(tx, [order]))
 * const { orders } = await search(pool, order.orderId)
 * orders.map(({ match }) => match) //=> ['orderId']
 */
export async function search(pool: Pool, text: string): Promise<Found> {
  const link = text.trim().replace(/^https?:\/\/(www\.)?/i, '')
  // PostgreSQL counts code points.
  const [beginning = ''] = /^.{0,64}/su.exec(link) ?? []
  const pattern = link.length < LINK_CHARS_MIN ? null : `${escapeLike(beginning)}%`
  const [orders, users] = await Promise.all([
    pool.query<FoundOrder>(FIND_ORDERS, [text.trim(), pattern, link]),
    pool.query<Found['users'][number]>(FIND_USER, [text.trim()]),
  ])
  return {
    orders: orders.rows.slice(0, ORDERS_MAX),
    users: users.rows,
    hasMore: orders.rows.length > ORDERS_MAX,
  }
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, String.raw`\$&`)
