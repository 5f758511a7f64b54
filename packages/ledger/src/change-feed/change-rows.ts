import type { OrderEvent, OrderStatus, OrderView } from '@paxyo/contracts'
import { storedPayload, type StoredEvent } from '@paxyo/database'
import { formatMoney, parseMoney } from '@paxyo/order-core'
import type { Pool } from 'pg'
import type { MaybeProviderOrder } from '../model/provider-order.ts'
import { ORDER_COLUMNS, toOrder, type OrderRow } from '../transaction/read-working-set.ts'
import { orderView } from '../transaction/record-event.ts'
import type { Change, ChangedOrder, ChangedReview } from './change.ts'

/** A connection, or a pool. */
export type Reading = Pick<Pool, 'query'>

/** A change as it is stored: an event, or a review. */
export interface ChangeRow extends Omit<StoredEvent, 'seq'> {
  readonly position: number
  readonly user_id: string | null
  readonly previous_status: OrderStatus | null
  /** Null, like the rest of the event, when it is no longer kept. */
  readonly seq: number | null
  readonly review_change: 'opened' | 'resolved' | null
  readonly review_id: string | null
  readonly order_id: string | null
  readonly delivery_id: string
  readonly reason: string
  readonly opened_at: Date
  readonly resolved_at: Date | null
  readonly resolved_by: string | null
  readonly resolution: string | null
  readonly resolution_note: string | null
}

// The rows are read before they are unnested, so that a page reads no more of them than it needs.
const READ_ROWS = `
  SELECT item.position, item.user_id, item.previous_status, item.review_change, item.review_id,
    event.seq, event.at, event.payload, event.compact,
    review.order_id, review.delivery_id, review.reason, review.opened_at, review.resolved_at, review.resolved_by,
    review.resolution, review.resolution_note
  FROM (
    SELECT feed.created_at, feed.review_change, placed.*, last_position - size + place AS position
    FROM (
      SELECT *, coalesce(cardinality(user_ids), cardinality(review_ids)) AS size
      FROM change_feed WHERE last_position > $1 ORDER BY last_position LIMIT $2
    ) AS feed
    CROSS JOIN LATERAL unnest(user_ids, seqs, previous_statuses, review_ids)
      WITH ORDINALITY AS placed (user_id, seq, previous_status, review_id, place)
    WHERE last_position - size + place > $1
    ORDER BY last_position, place
    LIMIT $2
  ) AS item
  LEFT JOIN events AS event
    ON event.user_id = item.user_id AND event.seq = item.seq AND event.at = item.created_at
  LEFT JOIN reviews AS review ON review.review_id = item.review_id
  ORDER BY item.position`

/** The rows after a position, in their order. */
export async function readChangeRows(database: Reading, after: number, limit: number): Promise<ChangeRow[]> {
  const { rows } = await database.query<ChangeRow>({ name: 'read_changes', text: READ_ROWS, values: [after, limit] })
  return rows
}

/** Whether the event of a row is still kept. */
export const isKept = ({ seq, review_id: reviewId }: ChangeRow): boolean => seq !== null || reviewId !== null

/** @param rows with their events. */
export async function toChanges(database: Reading, rows: readonly ChangeRow[]): Promise<Change[]> {
  const events = rows.map(toEvent)
  const orderIds = rows.map((row, index) => orderIdOf(events[index]) ?? row.order_id)
  const orders = await readOrders(database, [...new Set(orderIds.filter((orderId) => orderId !== null))])
  return rows.map((row, index) => toChange(row, events[index], orders.get(orderIds[index] ?? '')))
}

const toEvent = ({ seq, ...row }: ChangeRow): OrderEvent | undefined =>
  seq === null ? undefined : (JSON.parse(storedPayload({ ...row, seq })) as OrderEvent)

const orderIdOf = (event: OrderEvent | undefined): string | undefined =>
  event !== undefined && 'order' in event ? event.order.orderId : undefined

interface ProviderOrderChange {
  /** The provider before; null when the order had none. */
  readonly former: string | null
  /** Milliseconds since 1970. */
  readonly at: number
}

interface CurrentOrderRow extends OrderRow {
  /** The changes of its provider order, in their order. */
  readonly changes: readonly ProviderOrderChange[]
  readonly is_charged: boolean
  readonly refunded_elsewhere: string
  readonly currency: string
  readonly last_seq: number
}

const READ_ORDERS = `
  SELECT ${ORDER_COLUMNS}, refunded_elsewhere, account.currency, account.last_seq,
    EXISTS (
      SELECT FROM ledger_entries AS entry WHERE entry.order_id = orders.order_id AND entry.kind = 'charge'
    ) AS is_charged,
    ARRAY(
      SELECT json_build_object('former', former_provider, 'at', floor(extract(epoch FROM change.created_at) * 1000))
      FROM provider_order_changes AS change WHERE change.order_id = orders.order_id ORDER BY created_at, change_id
    ) AS changes
  FROM orders
  CROSS JOIN LATERAL (SELECT currency, last_seq FROM accounts WHERE accounts.user_id = orders.user_id) AS account
  WHERE order_id = ANY($1::text[])`

async function readOrders(database: Reading, orderIds: readonly string[]): Promise<Map<string, CurrentOrderRow>> {
  if (orderIds.length === 0) return new Map()
  const { rows } = await database.query<CurrentOrderRow>({
    name: 'read_changed_orders',
    text: READ_ORDERS,
    values: [orderIds],
  })
  return new Map(rows.map((row) => [row.order_id, row]))
}

function toChange(row: ChangeRow, event: OrderEvent | undefined, order: CurrentOrderRow | undefined): Change {
  if (event === undefined) return toReviewChange(row, order)
  const { seq, at, account } = event
  const base = { position: row.position, at, userId: row.user_id!, seq }
  if (!('order' in event)) return { ...base, type: event.event, account }
  return {
    ...base,
    type: event.event,
    order: { ...event.order, ...panelFields(order!), ...providerOrderOf(event, order!) },
    previousStatus: row.previous_status,
    account,
    ...('refund' in event && event.refund !== undefined ? { refund: event.refund } : {}),
  }
}

function toReviewChange(row: ChangeRow, order: CurrentOrderRow | undefined): Change {
  const review = toChangedReview(row)
  return {
    position: row.position,
    type: `review.${row.review_change!}`,
    at: row.review_change === 'resolved' ? review.resolution!.at : review.openedAt,
    review,
    userId: order?.user_id ?? null,
    seq: order?.last_seq ?? null,
    order: order === undefined ? null : { ...orderView(toOrder(order), order.currency), ...panelFields(order) },
  }
}

function toChangedReview(row: ChangeRow): ChangedReview {
  const { resolved_at: resolvedAt } = row
  return {
    reviewId: row.review_id!,
    reason: row.reason,
    deliveryId: row.delivery_id,
    openedAt: row.opened_at.toISOString(),
    resolution:
      resolvedAt === null
        ? null
        : {
            action: row.resolution!,
            by: row.resolved_by!,
            note: row.resolution_note!,
            at: resolvedAt.toISOString(),
          },
  }
}

/** The provider order at the time of an event: the order may have another one by now. */
function providerOrderOf(
  { order, at }: Exclude<OrderEvent, { event: 'account.updated' }>,
  { provider, changes }: CurrentOrderRow,
): MaybeProviderOrder {
  if (order.providerOrderId === '') return { provider: null, providerOrderId: null }
  const later = changes.find((change) => change.at > Date.parse(at))
  return { provider: later === undefined ? provider : later.former, providerOrderId: order.providerOrderId }
}

/** What an event does not contain, because a browser does not need it; as it is now. */
function panelFields(
  row: CurrentOrderRow,
): Omit<ChangedOrder, Exclude<keyof OrderView, 'providerOrderId' | 'createdAt'>> {
  return {
    userId: row.user_id,
    provider: row.provider,
    providerOrderId: row.provider_order_id,
    runs: row.runs,
    interval: row.run_interval,
    payment: row.is_charged ? 'account' : 'external',
    createdAt: row.created_at.toISOString(),
    refundedElsewhere: formatMoney(parseMoney(row.refunded_elsewhere)),
  }
}
