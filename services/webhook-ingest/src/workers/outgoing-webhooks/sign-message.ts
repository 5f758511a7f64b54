import { createHmac } from 'node:crypto'

/**
 * The headers that prove a message's origin (standardwebhooks.com). The id is the same for every attempt; the time is
 * that of this one.
 *
 * @param keys each signs, so that its receiver may know any of them.
 */
export function signMessage(
  id: string,
  body: string,
  keys: readonly Buffer[],
  nowMs: number,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const signatures = keys.map(
    (key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  )
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}
