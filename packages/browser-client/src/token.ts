/** A token as the client sees it: it reads the claims; the server verifies them. */
export interface Token {
  readonly value: string
  /** By this machine's clock, in ms since 1970; undefined when the token has no expiry, or the clock must be wrong. */
  readonly expiresAtMs: number | undefined
  /** When to get a new one: a minute before it expires, or less for a token with a short lifetime. */
  readonly renewAtMs: number | undefined
  readonly userId: string | undefined
}

const RENEW_BEFORE_MS_MAX = 60_000
const RENEW_BEFORE_SHARE = 0.2

/**
 * Reads a JWT. If it has an `iat`, its lifetime is counted from when it was received, so that a wrong clock on this
 * machine does not make it look expired.
 */
export function readToken(value: string, receivedAtMs: number): Token {
  const { sub, exp, iat } = readClaims(value)
  const userId = typeof sub === 'string' || Number.isSafeInteger(sub) ? String(sub) : undefined
  const expiresAtMs =
    typeof exp !== 'number' ? 0 : typeof iat === 'number' ? receivedAtMs + (exp - iat) * 1000 : exp * 1000
  // A new token is not expired, so the clock is wrong. Renewing by that clock would never end: the server decides.
  if (expiresAtMs <= receivedAtMs) return { value, expiresAtMs: undefined, renewAtMs: undefined, userId }
  const renewBeforeMs = Math.min(RENEW_BEFORE_MS_MAX, (expiresAtMs - receivedAtMs) * RENEW_BEFORE_SHARE)
  return { value, expiresAtMs, renewAtMs: expiresAtMs - renewBeforeMs, userId }
}

function readClaims(value: string): Readonly<Record<string, unknown>> {
  try {
    const binary = atob(value.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
    return { ...(JSON.parse(new TextDecoder().decode(bytes)) as object) }
  } catch {
    return {}
  }
}
