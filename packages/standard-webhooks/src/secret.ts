import { randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'
const BYTES_MIN = 24
const BYTES_MAX = 64
const NEW_SECRET_BYTES = 32

/**
 * Parses a secret: `whsec_` and 24 to 64 random bytes in base64, with or without padding.
 *
 * Decoding is strict. Characters outside the base64 alphabet, base64url, wrong padding and stray bits at the end are
 * rejected, because libraries decode them to different keys.
 *
 * @returns the HMAC key; undefined when the text is not a secret. Never throws.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 * @example
 * parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')?.length //=> 24
 * parseSecret('a password') //=> undefined
 */
export function parseSecret(text: string): Buffer | undefined {
  if (!text.startsWith(PREFIX)) return undefined
  const encoded = text.slice(PREFIX.length)
  const key = Buffer.from(encoded, 'base64')
  if (key.length < BYTES_MIN || key.length > BYTES_MAX) return undefined
  const padded = key.toString('base64')
  return encoded === padded || encoded === padded.replace(/={1,2}$/, '') ? key : undefined
}

/**
 * Makes a random secret.
 *
 * @example
 * parseSecret(makeSecret())?.length //=> 32
 */
export function makeSecret(): string {
  return `${PREFIX}${randomBytes(NEW_SECRET_BYTES).toString('base64')}`
}
