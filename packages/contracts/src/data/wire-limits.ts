/** A longer token is a protocol error. */
export const TOKEN_CHARS_MAX = 8192

/** The longest drain, and therefore the longest `retryAfterMs`. */
export const DRAIN_MS_MAX = 600_000
