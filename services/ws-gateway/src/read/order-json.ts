/**
 * An order's row `o` as clients see it, in SQL; `accounts` is its account. `json_build_object` takes twice the time, most of
 * it for the names.
 */
export const ORDER_JSON = `(
      SELECT row_to_json(view) FROM (
        SELECT o.order_id AS "orderId",
          coalesce(o.provider_order_id, '') AS "providerOrderId",
          o.service,
          o.link,
          o.quantity,
          trim_scale(o.charge)::text AS charge,
          accounts.currency,
          o.status,
          o.remains,
          o.start_count AS "startCount",
          trim_scale(o.refunded)::text AS refunded,
          to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt",
          to_char(o.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "updatedAt"
      ) AS view
    )`

/** The place of an order's row among its user's, in SQL: what `parseOrderCursor` reads. */
export const orderCursor = (row: string): string =>
  `(extract(epoch FROM ${row}.created_at) * 1000000)::bigint || '~' || ${row}.order_id`

/** A place among a user's orders, which are sorted by time, newest first, and by id. */
export interface OrderPlace {
  /** In microseconds since 1970. */
  readonly createdAtUs: number
  readonly orderId: string
}

/** Before the newest order. */
export const NEWEST: OrderPlace = { createdAtUs: 9_000_000_000_000_000, orderId: '' }

export const formatOrderCursor = ({ createdAtUs, orderId }: OrderPlace): string => `${createdAtUs}~${orderId}`

const CURSOR = /^(\d{1,16})~(.*)$/s

/** @returns undefined when it is not a cursor. */
export function parseOrderCursor(cursor: string): OrderPlace | undefined {
  const [, us, orderId] = CURSOR.exec(cursor) ?? []
  const createdAtUs = Number(us)
  // PostgreSQL stores no NUL.
  if (orderId === undefined || orderId.includes('\0') || createdAtUs > NEWEST.createdAtUs) return undefined
  return { createdAtUs, orderId }
}
