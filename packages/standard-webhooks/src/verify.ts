import { timingSafeEqual } from 'node:crypto'
import { signatureOf } from './signature.ts'

export interface WebhookRequest {
  /** As Node gives them: names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The bytes as they were received. A body that was parsed and serialized again does not verify. */
  readonly body: string | Uint8Array
}

/** How far a message's timestamp may be from the receiver's clock, in either direction, as in the reference libraries. */
const TOLERANCE_S = 300

/**
 * Verifies a request's `webhook-id`, `webhook-timestamp` and `webhook-signature`. One signature that matches one key is
 * enough, so both sides can rotate secrets. Signatures are compared in constant time; those of other versions than `v1`
 * are ignored.
 *
 * @param nowMs the receiver's clock, in milliseconds since 1970.
 * @returns the message's id, which its sender repeats with every retry; undefined when a header is missing, the
 *   timestamp is more than 300 s away, or no signature matches. Never throws.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#verifying-signatures
 * @example
 * const key = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')!
 * const headers = signWebhook({ id: 'msg_1', body: '{}' }, [key], Date.now())
 * verifyWebhook({ headers, body: '{}' }, [key], Date.now()) //=> 'msg_1'
 * verifyWebhook({ headers, body: '[]' }, [key], Date.now()) //=> undefined
 */
export function verifyWebhook(
  { headers, body }: WebhookRequest,
  keys: readonly Buffer[],
  nowMs: number,
): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signatures !== 'string') return undefined
  if (id === '' || !/^\d{1,12}$/.test(timestamp)) return undefined
  if (Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_S) return undefined

  const expected = keys.map((key) => Buffer.from(signatureOf(key, id, timestamp, body)))
  const isAuthentic = signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature)
    return expected.some((one) => one.length === given.length && timingSafeEqual(one, given))
  })
  return isAuthentic ? id : undefined
}
