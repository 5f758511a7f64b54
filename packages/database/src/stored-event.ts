/**
 * How an event is stored: its bytes without what all events have in common.
 *
 * Each phrase is stored as a control character, which JSON contains only escaped, so nothing else becomes one. Expanding is
 * the exact inverse of compacting, so an event that is read has the bytes that were published. The first character is the
 * version: phrases never change, and a new list begins its rows with another character.
 *
 * `event_payload(events)` is the same in SQL, for audits and searches.
 */

/** A row of `events`. Rows of former versions, and those that an erasure has changed, have the bytes themselves. */
export interface StoredEvent {
  readonly seq: number
  readonly at: Date
  readonly payload: string | null
  readonly compact: string | null
}

/** `{"type":"event","seq":` and the row's seq. */
export const VERSION_1 = '\u0001'
/** The row's time, in quotes. */
export const AT = '\u0002'
const FIRST_CODE = 3

/** Of version 1, with the characters from U+0003 on. */
export const PHRASES: readonly string[] = [
  ',"event":"order.updated","order":{"orderId":"',
  ',"event":"order.registered","order":{"orderId":"',
  ',"event":"account.updated","totals":{"refunded":"',
  '","providerOrderId":"',
  '","service":"',
  '","link":"',
  '","quantity":',
  ',"charge":"',
  '","currency":"',
  '","status":',
  ',"remains":',
  ',"startCount":',
  ',"refunded":"',
  '","createdAt":"',
  `","updatedAt":${AT}},"totals":{"refunded":"`,
  `","updatedAt":${AT}},"refund":{"refundId":"`,
  '","amount":"',
  '"},"totals":{"refunded":"',
  '","orders":{',
  `}},"at":${AT},"account":{"balance":"`,
  '","mode":"external"}}',
  '","mode":"kept"}}',
  '"pending"',
  '"processing"',
  '"in_progress"',
  '"completed"',
  '"partial"',
  '"canceled"',
  '"failed"',
]

/** The character of each phrase. */
export const codeOf = (index: number): string => String.fromCharCode(FIRST_CODE + index)

/** The maximum number of bytes by which an event is longer than what is stored of it. */
export const COMPACTED_BYTES_MAX = 600

const CODES: ReadonlyMap<string, string> = new Map(PHRASES.map((phrase, index) => [phrase, codeOf(index)]))
const EVERY_PHRASE = new RegExp(PHRASES.map((phrase) => phrase.replaceAll(/[{}]/g, String.raw`\$&`)).join('|'), 'g')
const EVERY_CODE = new RegExp(`[${codeOf(0)}-${codeOf(PHRASES.length - 1)}]`, 'g')

const headOf = (seq: number): string => `{"type":"event","seq":${seq}`
const quoted = (at: Date): string => `"${at.toISOString()}"`

/**
 * What is stored of the bytes of an event.
 *
 * @param payload as `encodeEvent` writes it, with this seq.
 * @example
 * compactPayload('{"type":"event","seq":7,"event":"order.updated","order":{"orderId":"A-1"', 7, new Date()) //=> '\u0001\u0003A-1"'
 */
export function compactPayload(payload: string, seq: number, at: Date): string {
  const rest = payload.slice(headOf(seq).length).replaceAll(quoted(at), AT)
  return VERSION_1 + rest.replace(EVERY_PHRASE, (phrase) => CODES.get(phrase)!)
}

/**
 * The bytes of a stored event, as they were published.
 *
 * @throws Error when a later version has stored it.
 * @example
 * const at = new Date()
 * storedPayload({ seq: 7, at, payload: null, compact: '\u0001\u0003A-1"' }) //=> '{"type":"event","seq":7,"event":"order.updated","order":{"orderId":"A-1"'
 */
export function storedPayload({ seq, at, payload, compact }: StoredEvent): string {
  if (payload !== null) return payload
  if (compact?.[0] !== VERSION_1) throw new Error(`event ${seq} was stored by a later version`)
  const rest = compact.slice(1).replace(EVERY_CODE, (code) => PHRASES[code.charCodeAt(0) - FIRST_CODE]!)
  return headOf(seq) + rest.replaceAll(AT, quoted(at))
}
