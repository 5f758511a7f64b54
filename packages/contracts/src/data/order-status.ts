/** The statuses of an order that the provider is still working on, in the order in which they follow each other. */
export const OPEN_STATUSES = ['pending', 'processing', 'in_progress'] as const

/** The statuses of an order that the provider no longer works on. */
export const CLOSED_STATUSES = ['completed', 'partial', 'canceled', 'failed'] as const

/** All statuses. Clients may receive others: a newer server can add one without a new protocol version. */
export const ORDER_STATUSES = [...OPEN_STATUSES, ...CLOSED_STATUSES] as const

export type OpenStatus = (typeof OPEN_STATUSES)[number]
export type OrderStatus = (typeof ORDER_STATUSES)[number]

/**
 * Whether an order with this status is not final.
 *
 * @example
 * isOpenStatus('in_progress') //=> true
 * isOpenStatus('canceled') //=> false
 */
export function isOpenStatus(status: string): status is OpenStatus {
  return (OPEN_STATUSES as readonly string[]).includes(status)
}

/**
 * Whether a text is one of our statuses.
 *
 * @example
 * isOrderStatus('partial') //=> true
 * isOrderStatus('refunded') //=> false
 */
export function isOrderStatus(status: string): status is OrderStatus {
  return (ORDER_STATUSES as readonly string[]).includes(status)
}

/**
 * A status as plain text, for a client that has no text for it: `in_review` becomes `In review`.
 *
 * @example
 * statusText('in_review') //=> 'In review'
 */
export function statusText(status: string): string {
  const text = status.replaceAll(/[\s_-]+/g, ' ').trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
