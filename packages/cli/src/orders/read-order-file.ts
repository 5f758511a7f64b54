import type { OrderStatus } from '@paxyo/contracts'
import type { DatabaseSession } from '../connect-database.ts'

/** One order with its account, refunds, deliveries, reviews and events. */
export interface OrderFile {
  readonly order: OrderRow
  readonly account: { readonly currency: string; readonly balance: string; readonly lastSeq: number }
  readonly refunds: readonly RefundRow[]
  readonly deliveries: readonly DeliveryRow[]
  readonly reviews: readonly ReviewRow[]
  readonly events: readonly EventRow[]
}

export interface OrderRow {
  readonly orderId: string
  readonly provider: string
  readonly providerOrderId: string
  readonly userId: string
  readonly service: string
  readonly link: string
  readonly quantity: string
  readonly charge: string
  readonly status: OrderStatus
  readonly remains: string | null
  readonly startCount: string | null
  readonly refunded: string
  readonly createdAt: string
  readonly updatedAt: string
}

export interface RefundRow {
  readonly entryId: string
  readonly amount: string
  readonly balanceAfter: string
  readonly at: string
}

export interface DeliveryRow {
  readonly deliveryId: string
  readonly body: string
  readonly outcome: string
  readonly reason: string | null
  readonly receivedAt: string
}

export interface ReviewRow {
  readonly reviewId: string
  readonly reason: string
  readonly openedAt: string
  readonly resolvedAt: string | null
  readonly resolvedBy: string | null
  readonly resolution: string | null
}

export interface EventRow {
  readonly seq: string
  readonly at: string
  readonly event: string
  readonly status: string
  /** Whether its batch has been in the outbox for longer than a published one stays there. */
  readonly isWaiting: boolean
}

/** A screen has no room for more; the newest are shown. */
const ROWS_MAX = 20

const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
/** Money without trailing zeros: 0.75 and not 0.75000000. */
const money = (column: string): string => `trim_scale(${column})::text`

const READ_ORDERS = `
  SELECT order_id AS "orderId", provider, provider_order_id AS "providerOrderId", user_id AS "userId", service, link,
    quantity::text, ${money('charge')} AS charge, status, remains::text, start_count::text AS "startCount",
    ${money('refunded')} AS refunded, ${time('created_at')} AS "createdAt", ${time('updated_at')} AS "updatedAt"
  FROM orders WHERE order_id = $1 OR provider_order_id = $1
  ORDER BY order_id = $1 DESC, order_id
  LIMIT ${ROWS_MAX}`

const READ_ACCOUNT = `
  SELECT currency, ${money('balance')} AS balance, last_seq::int4 AS "lastSeq" FROM accounts WHERE user_id = $1`

const READ_REFUNDS = `
  SELECT entry_id AS "entryId", ${money('amount')} AS amount, ${money('balance_after')} AS "balanceAfter",
    ${time('created_at')} AS at
  FROM ledger_entries WHERE order_id = $1 AND kind = 'refund' ORDER BY refunded_before`

const READ_DELIVERIES = `
  SELECT * FROM (
    SELECT delivery_id AS "deliveryId", body, outcome, reason, ${time('received_at')} AS "receivedAt"
    FROM deliveries WHERE provider_order_id = $1 ORDER BY received_at DESC, delivery_id DESC LIMIT ${ROWS_MAX}
  ) AS newest ORDER BY "receivedAt", "deliveryId"`

const READ_REVIEWS = `
  SELECT review_id AS "reviewId", reason, ${time('opened_at')} AS "openedAt", ${time('resolved_at')} AS "resolvedAt",
    resolved_by AS "resolvedBy", resolution
  FROM reviews WHERE order_id = $1 ORDER BY opened_at LIMIT ${ROWS_MAX}`

/** The next batch, or the drain every 30 seconds, deletes a published batch. */
const PUBLISHED_STAYS_S_MAX = 45

const READ_EVENTS = `
  SELECT * FROM (
    SELECT seq::text, ${time('at')} AS at, payload::json ->> 'event' AS event,
      payload::json #>> '{order,status}' AS status,
      EXISTS (SELECT FROM outbox, unnest(user_ids, seqs) AS waiting (user_id, seq)
        WHERE waiting.user_id = events.user_id AND waiting.seq = events.seq
          AND created_at < now() - interval '${PUBLISHED_STAYS_S_MAX} seconds') AS "isWaiting"
    FROM events WHERE user_id = $1 AND payload::json #>> '{order,orderId}' = $2
    ORDER BY events.seq DESC LIMIT ${ROWS_MAX}
  ) AS newest ORDER BY seq::bigint`

/**
 * Looks up an id as the panel's and as the provider's. It may be both, of two orders.
 *
 * @returns one file per order; or, when no order is registered, the deliveries that wait for one.
 */
export async function readOrderFiles(
  database: DatabaseSession,
  id: string,
): Promise<{ readonly files: readonly OrderFile[]; readonly waiting: readonly DeliveryRow[] }> {
  // One snapshot, so that a refund is read together with its event.
  await database.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const orders = await database.query<OrderRow>(READ_ORDERS, [id])
  const files: OrderFile[] = []
  for (const order of orders) files.push(await readFile(database, order))
  const waiting = orders.length > 0 ? [] : await database.query<DeliveryRow>(READ_DELIVERIES, [id])
  await database.query('ROLLBACK')
  return { files, waiting }
}

async function readFile(database: DatabaseSession, order: OrderRow): Promise<OrderFile> {
  const [account] = await database.query<OrderFile['account']>(READ_ACCOUNT, [order.userId])
  return {
    order,
    account: account!,
    refunds: await database.query<RefundRow>(READ_REFUNDS, [order.orderId]),
    deliveries: await database.query<DeliveryRow>(READ_DELIVERIES, [order.providerOrderId]),
    reviews: await database.query<ReviewRow>(READ_REVIEWS, [order.orderId]),
    events: await database.query<EventRow>(READ_EVENTS, [order.userId, order.orderId]),
  }
}
