/** An order's row `o` as clients see it, in SQL; `accounts` is its account. */
export const ORDER_JSON = `json_build_object(
      'orderId', o.order_id,
      'providerOrderId', coalesce(o.provider_order_id, ''),
      'service', o.service,
      'link', o.link,
      'quantity', o.quantity,
      'charge', trim_scale(o.charge)::text,
      'currency', accounts.currency,
      'status', o.status,
      'remains', o.remains,
      'startCount', o.start_count,
      'refunded', trim_scale(o.refunded)::text,
      'createdAt', to_char(o.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'updatedAt', to_char(o.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
    )`

/** The place of an order's row `o` among its user's, in SQL: what `parseOrderCursor` reads. */
export const ORDER_CURSOR = `(extract(epoch FROM o.created_at) * 1000000)::bigint || '~' || o.order_id`

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
