import type { OrderEvent } from './order-event.ts'

/**
 * The bytes of an event. They are written once, at commit, and forwarded unchanged. They begin with
 * `{"type":"event","seq":N`, so that `eventSeq` can read N without parsing the rest.
 *
 * @example
 * const account = { balance: '1', currency: 'USD' }
 * const at = '2026-11-22T18:00:00.000Z'
 * const bytes = encodeEvent({ type: 'event', seq: 7, event: 'account.updated', at, account })
 * bytes.startsWith('{"type":"event","seq":7,') //=> true
 */
export function encodeEvent(event: OrderEvent): string {
  const { type, seq, ...rest } = event
  return JSON.stringify({ type, seq, ...rest })
}
