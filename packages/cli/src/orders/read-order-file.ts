import type { BalanceMode, OrderStatus } from '@paxyo/contracts'
import type { DatabaseSession } from '../connect-database.ts'

/** One order with its account, refunds, deliveries, reviews and events. */
export interface OrderFile {
  readonly order: OrderRow
  /** The provider orders that it had before, the oldest first. */
  readonly formerProviderOrders: readonly FormerProviderOrder[]
  readonly account: {
    readonly currency: string
    readonly balance: string
    readonly mode: BalanceMode
    readonly lastSeq: number
  }
  readonly refunds: readonly RefundRow[]
  readonly deliveries: readonly DeliveryRow[]
  readonly reviews: readonly ReviewRow[]
  readonly events: readonly EventRow[]
}

export interface OrderRow {
  readonly orderId: string
  /** Null while it has no provider order. */
  readonly provider: string | null
  readonly providerOrderId: string | null
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

export interface FormerProviderOrder {
  readonly provider: string
  readonly providerOrderId: string
  readonly until: string
}

export interface RefundRow {
  readonly entryId: string
  readonly amount: string
  readonly balanceAfter: string
  readonly at: string
  /** When, and to how many connections, it was first sent; null when it was not, or its event is no longer kept. */
  readonly sentAt: string | null
  readonly sentTo: number | null
  /** When a visible page had shown it. */
  readonly seenAt: string | null
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
export const ROWS_MAX = 20

const time = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
/** Money without trailing zeros: 0.75 and not 0.75000000. */
const money = (column: string): string => `trim_scale(${column})::text`

const READ_ORDER = `
  SELECT order_id AS "orderId", provider, provider_order_id AS "providerOrderId", user_id AS "userId", service, link,
    quantity::text, ${money('charge')} AS charge, status, remains::text, start_count::text AS "startCount",
    ${money('refunded')} AS refunded, ${time('created_at')} AS "createdAt", ${time('updated_at')} AS "updatedAt"
  FROM orders WHERE order_id = $1`

const READ_FORMER = `
  SELECT former_provider AS provider, former_provider_order_id AS "providerOrderId", ${time('created_at')} AS until
  FROM provider_order_changes WHERE order_id = $1 AND former_provider IS NOT NULL ORDER BY created_at LIMIT ${ROWS_MAX}`

const READ_ACCOUNT = `
  SELECT currency, ${money('balance')} AS balance, balance_mode AS mode, last_seq::int4 AS "lastSeq" FROM accounts WHERE user_id = $1`

/** The number of the user's newest events among which those of refunds are searched. */
const EVENTS_SEARCHED_MAX = 5_000

/** Gateways that sent it together: one where the user connected later than this did not send it live. */
const SENT_TOGETHER = `interval '10 seconds'`

const READ_REFUNDS = `
  WITH refund_events AS MATERIALIZED (
    SELECT seq, payload::json #>> '{refund,refundId}' AS refund_id FROM (
      SELECT seq, event_payload(events) AS payload FROM events WHERE user_id = $2 ORDER BY seq DESC LIMIT ${EVENTS_SEARCHED_MAX}
    ) AS newest WHERE payload::json #>> '{order,orderId}' = $1
  )
  SELECT entry_id AS "entryId", ${money('amount')} AS amount, ${money('balance_after')} AS "balanceAfter",
    ${time('created_at')} AS at, ${time('sent.at')} AS "sentAt", sent.connections AS "sentTo",
    ${time('(SELECT min(seen_at) FROM receipts WHERE user_id = $2 AND receipts.seq >= event.seq)')} AS "seenAt"
  FROM ledger_entries
  LEFT JOIN refund_events AS event ON event.refund_id = entry_id::text
  LEFT JOIN LATERAL (
    SELECT min(first_at) AS at, sum(connections) FILTER (WHERE sent_at <= first_at + ${SENT_TOGETHER})::int4 AS connections
    FROM (
      SELECT connections, sent_at, min(sent_at) OVER () AS first_at FROM (
        SELECT DISTINCT ON (gateway_id) connections, sent_at FROM sent_positions
        WHERE user_id = $2 AND sent_positions.seq >= event.seq ORDER BY gateway_id, sent_positions.seq
      ) AS by_gateway
    ) AS firsts
  ) AS sent ON true
  WHERE order_id = $1 AND kind = 'refund' ORDER BY refunded_before`

const READ_DELIVERIES = `
  SELECT * FROM (
    SELECT delivery_id AS "deliveryId", body, outcome, reason, ${time('received_at')} AS "receivedAt"
    FROM unnest($1::text[], $2::text[]) AS held (provider, provider_order_id)
    JOIN deliveries USING (provider_order_id, provider)
    ORDER BY received_at DESC, delivery_id DESC LIMIT ${ROWS_MAX}
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
    FROM (SELECT user_id, seq, at, event_payload(events) AS payload FROM events) AS events
    WHERE user_id = $1 AND payload::json #>> '{order,orderId}' = $2
    ORDER BY events.seq DESC LIMIT ${ROWS_MAX}
  ) AS newest ORDER BY seq::bigint`

/** Reads an order by the panel's id; undefined when there is none. */
export async function readOrderFile(database: DatabaseSession, orderId: string): Promise<OrderFile | undefined> {
  const [order] = await database.query<OrderRow>(READ_ORDER, [orderId])
  if (order === undefined) return undefined
  const [account] = await database.query<OrderFile['account']>(READ_ACCOUNT, [order.userId])
  const former = await database.query<FormerProviderOrder>(READ_FORMER, [orderId])
  const { provider, providerOrderId } = order
  const held = provider === null || providerOrderId === null ? former : [...former, { provider, providerOrderId }]
  return {
    order,
    formerProviderOrders: former,
    account: account!,
    refunds: await database.query<RefundRow>(READ_REFUNDS, [orderId, order.userId]),
    deliveries: await readDeliveries(database, held),
    reviews: await database.query<ReviewRow>(READ_REVIEWS, [orderId]),
    events: await database.query<EventRow>(READ_EVENTS, [order.userId, orderId]),
  }
}

/** The newest deliveries of these provider orders, the oldest first. */
export function readDeliveries(
  database: DatabaseSession,
  held: readonly Pick<FormerProviderOrder, 'provider' | 'providerOrderId'>[],
): Promise<readonly DeliveryRow[]> {
  return database.query<DeliveryRow>(READ_DELIVERIES, [
    held.map(({ provider }) => provider),
    held.map(({ providerOrderId }) => providerOrderId),
  ])
}
