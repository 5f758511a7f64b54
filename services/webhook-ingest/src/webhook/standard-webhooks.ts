import { createHmac, timingSafeEqual } from 'node:crypto'

/** How far a signature's time may be from ours, either way (the Standard Webhooks libraries' own limit). */
const TOLERANCE_S = 300
const SECRET_PREFIX = 'whsec_'
const SECRET_BYTES_MIN = 24
const SECRET_BYTES_MAX = 64

/** Headers as Node gives them. */
type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * Reads a secret as the Standard Webhooks specification writes it: `whsec_` and 24 to 64 bytes in base64.
 *
 * @returns undefined when it is not one.
 */
export function parseSecret(text: string): Buffer | undefined {
  if (!text.startsWith(SECRET_PREFIX)) return undefined
  const encoded = text.slice(SECRET_PREFIX.length)
  const key = Buffer.from(encoded, 'base64')
  const isExact = key.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  return isExact && key.length >= SECRET_BYTES_MIN && key.length <= SECRET_BYTES_MAX ? key : undefined
}

/**
 * Verifies `webhook-id`, `webhook-timestamp` and `webhook-signature` (standardwebhooks.com) against several keys, so
 * that secrets can be rotated.
 *
 * @returns the message's id, which its sender repeats with every retry; undefined when no signature fits.
 */
export function verifySignature(
  headers: Headers,
  body: Buffer,
  keys: readonly Buffer[],
  nowMs: number,
): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return undefined
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_S) return undefined

  const expected = keys.map((key) => createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest())
  const fits = signatures.split(' ').some((signature) => {
    const [version, encoded] = signature.split(',', 2)
    if (version !== 'v1' || encoded === undefined) return false
    const given = Buffer.from(encoded, 'base64')
    return expected.some((digest) => digest.length === given.length && timingSafeEqual(digest, given))
  })
  return fits ? id : undefined
}
