/** A longer token is a protocol error. */
export const TOKEN_CHARS_MAX = 8192

/** A drain lasts no longer, so no `retryAfterMs` is longer. */
export const DRAIN_MS_MAX = 600_000
