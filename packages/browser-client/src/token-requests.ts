import type { ConnectOptions, TokenReason } from './api.ts'
import { ClientError } from './client-error.ts'
import { readToken, type Token } from './token.ts'

export type TokenResult =
  | { readonly type: 'token'; readonly token: Token }
  | { readonly type: 'token_failed'; readonly error: ClientError }

/** Calls the application's `getToken`; only the last call counts, until it is canceled. */
export interface TokenRequests {
  begin(reason: TokenReason): void
  cancel(): void
}

export function createTokenRequests(
  getToken: ConnectOptions['getToken'],
  onResult: (result: TokenResult) => void,
): TokenRequests {
  let current: AbortController | undefined

  async function request(reason: TokenReason): Promise<void> {
    const mine = (current = new AbortController())
    let result: TokenResult
    try {
      const value = await getToken!({ reason, signal: mine.signal })
      if (typeof value !== 'string' || value === '') throw new TypeError('no string')
      result = { type: 'token', token: readToken(value, Date.now()) }
    } catch (cause) {
      const isFinal = cause instanceof ClientError && cause.final
      const error = isFinal ? cause : new ClientError('token_failed', `getToken failed: ${String(cause)}`, { cause })
      result = { type: 'token_failed', error }
    }
    if (current !== mine) return
    current = undefined
    onResult(result)
  }

  return {
    begin: (reason) => void request(reason),
    cancel() {
      current?.abort()
      current = undefined
    },
  }
}
