import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose'

/** The public keys of an issuer. */
export interface KeyServer {
  readonly getKey: JWTVerifyGetKey
  /** Whether the keys were fetched within the last 30 s: they are not fetched again for an unknown one. */
  readonly isCoolingDown: boolean
  /** Whether the last fetch has failed. The keys of the last good fetch are used meanwhile. */
  readonly isUnavailable: boolean
}

export interface KeyServerOptions {
  readonly url: string
  /** Called when the first fetch fails, or one after a fetch that succeeded, and when one succeeds again. */
  readonly onChange?: (error: unknown) => void
}

/** The age at which the keys are fetched again, so that a key that the issuer has withdrawn is not accepted for longer. */
const REFRESH_AFTER_MS = 10 * 60_000
const RETRY_AFTER_MS = 30_000
/** How long the keys of the last good fetch are used while the issuer does not respond. */
const KEYS_AGE_MS_MAX = 24 * 60 * 60_000

/**
 * Fetches the keys when they are first needed, and then in the background. While the issuer does not respond, its last keys
 * are used for a day. For a token whose key is not among them they are fetched again at once, unless they were fetched within
 * the last 30 s (the cooldown of `jose`).
 */
export function createKeyServer({ url, onChange }: KeyServerOptions): KeyServer {
  const keys = createRemoteJWKSet(new URL(url), { cacheMaxAge: KEYS_AGE_MS_MAX })
  let refreshAtMs = Infinity
  let isUnavailable = false
  let retryTimer: NodeJS.Timeout | undefined

  async function fetchKeys(): Promise<void> {
    // A token may have come before the timer. Each failure would otherwise begin another series of retries.
    clearTimeout(retryTimer)
    refreshAtMs = Date.now() + REFRESH_AFTER_MS
    try {
      await keys.reload()
      if (isUnavailable) onChange?.(undefined)
      isUnavailable = false
    } catch (error) {
      if (!isUnavailable) onChange?.(error)
      isUnavailable = true
      refreshAtMs = Date.now() + RETRY_AFTER_MS
      // Also without traffic, so that the metric is about the issuer. Once, also when many tokens waited for the same fetch.
      clearTimeout(retryTimer)
      retryTimer = setTimeout(() => void refresh(), RETRY_AFTER_MS).unref()
      throw error
    }
  }

  /** In the background: the last keys are used meanwhile. */
  const refresh = (): Promise<void> => fetchKeys().catch(() => undefined)

  return {
    async getKey(header, token) {
      if (keys.jwks() === undefined) await fetchKeys()
      else if (Date.now() >= refreshAtMs) void refresh()
      return keys(header, token)
    },
    get isCoolingDown() {
      return keys.coolingDown
    },
    get isUnavailable() {
      return isUnavailable
    },
  }
}
