/**
 * Why the client can't go on, or could not for a moment. `code` is stable; the README lists all of them. A refusal by
 * the server has the name of its close code, such as `invalid_token`.
 *
 * Throw one with `final: true` from `getToken` when there will be no token any more, because the user signed out.
 */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: string
  /** Whether the client has given up. Everything else is tried again. */
  readonly final: boolean

  constructor(code: string, message: string, options: ErrorOptions & { readonly final?: boolean } = {}) {
    super(message, options)
    this.code = code
    this.final = options.final ?? false
  }
}
