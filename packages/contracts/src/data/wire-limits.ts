/** A longer token is a protocol error. */
export const TOKEN_CHARS_MAX = 8192

/** The longest drain, and therefore the longest `retryAfterMs`. */
export const DRAIN_MS_MAX = 600_000

/** The most orders that a client can ask for at once. */
export const PAGE_ORDERS_MAX = 100

/** A longer cursor is a protocol error. */
export const CURSOR_CHARS_MAX = 160
