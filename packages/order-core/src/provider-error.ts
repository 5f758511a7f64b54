/** What can go wrong between us and the provider. Codes are stable: callers may depend on them. */
export const PROVIDER_ERROR_CODES = {
  unreachable: 'The provider could not be reached; the request never got there.',
  timed_out: 'The provider did not answer in time, or its answer broke off.',
  rate_limited: 'The provider asks us to come back later.',
  http_error: 'The provider answered with an HTTP error.',
  response_too_large: 'The answer is larger than any sensible one.',
  malformed_response: 'The answer is not what the API v2 answers.',
  refused: 'The provider refused the request; its words are in the message.',
  invalid_request: 'The request cannot be asked of the provider; nothing was sent.',
  queue_full: 'Too many requests wait for their turn; nothing was sent.',
  outcome_unknown: 'The order may have been placed or not: look before you place it again.',
  closed: 'The client was closed.',
} as const

export type ProviderErrorCode = keyof typeof PROVIDER_ERROR_CODES

/** Never holds the key: neither in its message nor in its cause. */
export class ProviderError extends Error {
  readonly code: ProviderErrorCode
  /** The HTTP status, where there was one. */
  readonly status: number | undefined
  /** How long the provider asks us to wait. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: ProviderErrorCode,
    detail?: string,
    options: { status?: number | undefined; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(detail === undefined ? PROVIDER_ERROR_CODES[code] : `${PROVIDER_ERROR_CODES[code]} (${detail})`, {
      cause: options.cause,
    })
    this.name = 'ProviderError'
    this.code = code
    this.status = options.status
    this.retryAfterMs = options.retryAfterMs
  }
}
