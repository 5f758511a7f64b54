/**
 * Why the server closed a WebSocket. 4000 to 4499: the client should reconnect. 4500 to 4999: it should not, because
 * the next attempt would fail, too.
 */
export const CLOSE_CODES = {
  draining: {
    code: 4000,
    meaning: 'The server is shutting down or moves its connections; reconnect after retryAfterMs.',
  },
  slow_consumer: { code: 4001, meaning: 'The client read too slowly; reconnect and resume from the last seq.' },
  ping_timeout: { code: 4002, meaning: 'The client did not respond to a ping in time.' },
  hello_timeout: { code: 4003, meaning: 'The client sent no hello within the deadline.' },
  token_expired: { code: 4004, meaning: 'The token expired; get a new one, then reconnect.' },
  unavailable: {
    code: 4005,
    meaning: 'The server could not reach its database or its bus, or the epoch has changed; reconnect with back-off.',
  },
  internal_error: {
    code: 4006,
    meaning: 'The server had an unexpected error; reconnect with back-off.',
  },
  token_not_yet_valid: { code: 4007, meaning: 'The token is not valid yet; reconnect with back-off.' },
  connection_limit: {
    code: 4008,
    meaning: 'The user, the address or the server has too many connections; reconnect after a minute.',
  },
  token_revoked: { code: 4009, meaning: 'The token was revoked; get a new one, then reconnect.' },
  disconnected: { code: 4010, meaning: 'The panel closed all connections of the user; reconnect.' },
  invalid_token: { code: 4500, meaning: 'The token is malformed, not signed by a known key, or for another audience.' },
  protocol_error: { code: 4501, meaning: 'The client sent a message that the protocol does not allow.' },
  rate_limited: {
    code: 4502,
    meaning: 'The client sent too many messages, or its address too many invalid tokens.',
  },
  too_many_connections: { code: 4503, meaning: 'Sent by older servers instead of connection_limit.' },
} as const

export type CloseReason = keyof typeof CLOSE_CODES

/**
 * Whether a client should reconnect after this close code. Other codes are network errors: it should.
 *
 * @example
 * isReconnectable(4001) //=> true
 * isReconnectable(4500) //=> false
 */
export function isReconnectable(code: number): boolean {
  return code < 4500 || code > 4999
}
