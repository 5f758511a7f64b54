/** Secrets of which services accept several at once, so that they can be rotated. */
export const SECRET_KINDS = ['webhook_tokens', 'panel_api_keys', 'jwt_secrets', 'redis_message_keys'] as const

export type SecretKind = (typeof SECRET_KINDS)[number]

/**
 * What a fingerprint is the beginning of: HMAC-SHA256 of this text, with the secret as its key, in hexadecimal.
 *
 * @example
 * fingerprintText('jwt_secrets') //=> 'paxyo fingerprint jwt_secrets'
 */
export const fingerprintText = (kind: SecretKind): string => `paxyo fingerprint ${kind}`

/**
 * Enough to tell a few secrets apart, and too short to prove a guess: of a billion guesses at a weak secret, sixty have the
 * same one.
 */
export const FINGERPRINT_CHARS = 6
