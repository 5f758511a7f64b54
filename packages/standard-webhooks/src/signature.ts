import { createHmac } from 'node:crypto'

/**
 * The signature of one message under one key, as it stands in `webhook-signature`: `v1,` and the base64 of
 * HMAC-SHA256 over `id.timestamp.body`.
 */
export function signatureOf(key: Buffer, id: string, timestamp: string, body: string | Uint8Array): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`
}
