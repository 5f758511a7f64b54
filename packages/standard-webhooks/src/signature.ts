import { createHmac } from 'node:crypto'

/**
 * Computes the signature of one message with one key, as it appears in `webhook-signature`: `v1,` and the base64 of
 * HMAC-SHA256 over `id.timestamp.body`.
 */
export function signatureOf(key: Buffer, id: string, timestamp: string, body: string | Uint8Array): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}
