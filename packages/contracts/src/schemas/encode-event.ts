import type { OrderEvent } from './order-event.ts'

/**
 * The bytes of an event. They are written once, at commit, and forwarded unchanged. They begin with
 * `{"type":"event","seq":N`, so that `eventSeq` can read N without parsing the rest.
 */
export function encodeEvent(event: OrderEvent): string {
  const { type, seq, ...rest } = event
  return JSON.stringify({ type, seq, ...rest })
}
