import type { ErrorCode } from '@paxyo/contracts'

/**
 * Why a request failed: the API's own code, or one of the client's:
 * - `unreachable`: no connection, or it was lost. Whether the request took effect is unknown.
 * - `timed_out`: no response within the time limit. Whether the request took effect is unknown.
 * - `unexpected_response`: the response is not one of the panel API's. Check the URL.
 */
export type PanelApiErrorCode = ErrorCode | 'unreachable' | 'timed_out' | 'unexpected_response'

export interface PanelApiErrorOptions extends ErrorOptions {
  readonly code: PanelApiErrorCode
  readonly title: string
  readonly status?: number | undefined
  readonly detail?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/** A request to the panel API that failed, after all retries. */
export class PanelApiError extends Error {
  override readonly name = 'PanelApiError'
  readonly code: PanelApiErrorCode
  /** The HTTP status; undefined when there was no response. */
  readonly status: number | undefined
  /** The problem of this request. */
  readonly detail: string | undefined
  /** The pause before a retry that the API asks for. */
  readonly retryAfterMs: number | undefined

  constructor({ code, title, status, detail, retryAfterMs, ...options }: PanelApiErrorOptions) {
    super(`${title}${detail === undefined ? '' : ` ${detail}`} (${code})`, options)
    this.code = code
    this.status = status
    this.detail = detail
    this.retryAfterMs = retryAfterMs
  }
}
