/** Errors of requests to a provider. Codes are stable: callers may depend on them. */
export const PROVIDER_ERROR_CODES = {
  unreachable: 'The provider could not be reached; the request was not sent.',
  timed_out: 'The provider did not respond in time, or its response was incomplete.',
  rate_limited: 'The provider limits the rate of requests; retry later.',
  http_error: 'The provider responded with an HTTP error.',
  response_too_large: 'The response exceeds the size limit.',
  malformed_response: 'The response does not have the format of the API v2.',
  rejected: 'The provider rejected the request; the message contains its reason.',
  invalid_request: 'The request is not valid for the provider; nothing was sent.',
  queue_full: 'Too many requests are waiting; nothing was sent.',
  outcome_unknown: 'The order may have been placed: check before placing it again.',
  closed: 'The client was closed.',
} as const

export type ProviderErrorCode = keyof typeof PROVIDER_ERROR_CODES

/** Never contains the key, neither in its message nor in its cause. */
export class ProviderError extends Error {
  readonly code: ProviderErrorCode
  /** The HTTP status, where there was one. */
  readonly status: number | undefined
  /** The pause that the provider asks for. */
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
