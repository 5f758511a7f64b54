import { CLOSE_CODES } from './close-codes.ts'

/**
 * Why the server closed an operator's socket. As for browsers, 4000 to 4499: the console gets a new ticket and reconnects.
 * 4500 to 4999: it does not.
 */
export const OPERATIONS_CLOSE_CODES = {
  draining: CLOSE_CODES.draining,
  hello_timeout: CLOSE_CODES.hello_timeout,
  unavailable: CLOSE_CODES.unavailable,
  connection_limit: CLOSE_CODES.connection_limit,
  invalid_ticket: { code: 4011, meaning: 'The ticket is unknown, used or expired; get a new one, then reconnect.' },
  protocol_error: CLOSE_CODES.protocol_error,
  session_ended: { code: 4504, meaning: 'The session of the operator has ended; sign in again.' },
} as const

export type OperationsCloseReason = keyof typeof OPERATIONS_CLOSE_CODES
