/**
 * Why the client is disconnected, for good or until the next retry. `code` is stable; the README lists all codes. An
 * error from the server has the name of its close code, such as `invalid_token`.
 *
 * Throw one with `final: true` from `getToken` when there will be no more tokens, for example because the user signed
 * out.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: string
  /** Whether the client has given up. It retries after all other errors. */
  readonly final: boolean

  constructor(code: string, message: string, options: ErrorOptions & { readonly final?: boolean } = {}) {
    super(message, options)
    this.code = code
    this.final = options.final ?? false
  }
}
