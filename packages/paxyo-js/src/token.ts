import { ClientError, type TokenRequest } from '@paxyo/browser-client'
import { TOKEN_CHARS_MAX } from '@paxyo/contracts/data'

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/

export interface TokenSource {
  readonly url: string
  readonly method: 'GET' | 'POST'
}

/**
 * Requests a token from the page's own server, with the user's session cookies.
 *
 * @throws ClientError with a message for the page's developer; final when the server responds that no user is logged in.
 */
export async function fetchToken(
  { url, method }: TokenSource,
  { signal }: Pick<TokenRequest, 'signal'>,
): Promise<string> {
  const response = await fetch(url, {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: { accept: 'application/json, text/plain' },
    signal,
  })
  const { status } = response
  if (status === 401 || status === 403) {
    throw new ClientError('signed_out', `data-token-url responded ${status}: no user is logged in`, { final: true })
  }
  if (!response.ok) throw new ClientError('no_token', `data-token-url responded ${status}`)
  return readToken(await response.text())
}

/**
 * Reads `{"token":"…"}` or a bare token. It ignores the Content-Type, so a missing header does no harm.
 *
 * @throws ClientError when it is neither.
 */
export function readToken(body: string): string {
  const text = body.trim()
  const token = text.startsWith('{') ? tokenOf(text) : text
  if (typeof token === 'string' && token.length <= TOKEN_CHARS_MAX && JWT.test(token)) return token
  throw new ClientError('no_token', 'data-token-url returned neither {"token":"…"} nor a token')
}

function tokenOf(json: string): unknown {
  try {
    return (JSON.parse(json) as { token?: unknown }).token
  } catch {
    return undefined
  }
}
