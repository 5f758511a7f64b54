import { signatureOf } from './signature.ts'

export interface WebhookMessage {
  /** The same for every attempt, so that a receiver recognizes a retry. Must not contain a full stop. */
  readonly id: string
  /** The exact body that is sent. A string is encoded as UTF-8. */
  readonly body: string | Uint8Array
}

export type SignatureHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>

/**
 * Signs a message for one attempt to deliver it. Each key adds a signature, so that a receiver that knows any one of
 * them accepts the message while secrets are rotated.
 *
 * @param nowMs when this attempt is made, in milliseconds since 1970.
 * @returns the three headers to send with the body. Never throws.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#webhook-headers-sending-metadata-to-consumers
 * @example
 * const key = parseSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')!
 * const headers = signWebhook({ id: 'msg_1', body: '{}' }, [key], 1_700_000_000_000)
 * headers['webhook-timestamp'] //=> '1700000000'
 */
export function signWebhook({ id, body }: WebhookMessage, keys: readonly Buffer[], nowMs: number): SignatureHeaders {
  const timestamp = String(Math.floor(nowMs / 1000))
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => signatureOf(key, id, timestamp, body)).join(' '),
  }
}
