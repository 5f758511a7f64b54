import { z } from 'zod'

/** Every error that an HTTP answer can carry. Codes are stable: clients may depend on them. */
export const ERROR_CODES = {
  malformed_request: { status: 400, title: 'The request is no valid HTTP.' },
  malformed_json: { status: 400, title: 'The body is not valid JSON.' },
  malformed_form: { status: 400, title: 'The body is not a valid form.' },
  order_id_missing: { status: 400, title: 'No update in the body names an order.' },
  no_updates: { status: 400, title: 'The body holds no update.' },
  validation_failed: { status: 400, title: 'The request does not have the expected shape.' },
  unknown_provider: { status: 400, title: 'No provider of this name is configured.' },
  idempotency_key_missing: { status: 400, title: 'A deposit needs a paymentRef or an Idempotency-Key.' },
  invalid_cursor: { status: 400, title: 'The cursor is not one that this list gave out.' },
  unauthorized: { status: 401, title: 'The request carries no valid proof of its origin.' },
  not_found: { status: 404, title: 'There is nothing at this address.' },
  order_not_found: { status: 404, title: 'No order has this id.' },
  account_not_found: { status: 404, title: 'This user has no account.' },
  review_not_found: { status: 404, title: 'No review has this id.' },
  delivery_not_found: { status: 404, title: 'No delivery has this id.' },
  panel_webhook_not_found: { status: 404, title: 'No webhook to the panel tells of this refund.' },
  request_timed_out: { status: 408, title: 'The request did not arrive whole in time.' },
  order_conflict: { status: 409, title: 'This order id is already registered with other details.' },
  provider_order_taken: { status: 409, title: 'This provider order id belongs to another order.' },
  currency_mismatch: { status: 409, title: 'The account is kept in another currency.' },
  insufficient_funds: { status: 409, title: 'The account holds less than the charge.' },
  balance_limit_exceeded: { status: 409, title: 'The account would hold more than can be written down.' },
  payment_ref_reused: {
    status: 409,
    title: 'This paymentRef was deposited with another amount, currency or account.',
  },
  idempotency_key_reused: { status: 409, title: 'This Idempotency-Key was used for another request.' },
  idempotency_key_in_use: { status: 409, title: 'A request with this Idempotency-Key is being worked on; try again.' },
  review_resolved: { status: 409, title: 'Somebody has resolved this review before.' },
  review_without_order: { status: 409, title: 'This review is about no order that we know; it can only be dismissed.' },
  refund_exceeds_charge: { status: 409, title: 'The order has less left to be paid back.' },
  cursor_void: {
    status: 410,
    title: 'The database was restored since this cursor was given out; read from the beginning.',
  },
  body_too_large: { status: 413, title: 'The body is too large.' },
  too_many_updates: { status: 413, title: 'The body holds too many updates.' },
  unsupported_media_type: { status: 415, title: 'This address takes no body of this content type.' },
  headers_too_large: { status: 431, title: 'The headers, or the address, are too large.' },
  internal_error: { status: 500, title: 'The server failed in a way that it did not expect.' },
  token_minting_off: { status: 501, title: 'This server has no secret to sign browser tokens with.' },
  database_unavailable: { status: 503, title: 'The database cannot be reached; try again.' },
  queue_full: { status: 503, title: 'Too much is waiting to be committed; try again.' },
  shutting_down: { status: 503, title: 'This process is going away; try again.' },
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** An error answer, RFC 9457 (`application/problem+json`), with our stable code beside the standard members. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  detail: z.string().optional(),
})

export type Problem = z.infer<typeof problemSchema>

/** The answer for an error code; `detail` says what was wrong with this one request. */
export function problem(code: ErrorCode, detail?: string): Problem {
  const { status, title } = ERROR_CODES[code]
  return { type: `urn:paxyo:error:${code}`, title, status, code, ...(detail === undefined ? {} : { detail }) }
}
