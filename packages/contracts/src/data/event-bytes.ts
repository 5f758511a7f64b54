const PREFIX = '{"type":"event","seq":'
const PREFIX_BYTES = Uint8Array.from(PREFIX, (character) => character.charCodeAt(0))
const AT = '"at":"'
const AT_LENGTH = '2026-11-22T18:00:00.000Z'.length
/** `at` is followed by the account, which is shorter than this: two numbers and a currency. */
const TAIL_BYTES = 160
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const COMMA = 0x2c
const CLOSING_BRACE = 0x7d

/**
 * Reads the seq of an encoded event from its first bytes, without parsing the rest.
 *
 * @returns the seq, or 0 when the bytes do not begin and end like an event of ours.
 * @example
 * eventSeq(new TextEncoder().encode('{"type":"event","seq":7}')) //=> 7
 */
export function eventSeq(bytes: Uint8Array): number {
  for (let index = 0; index < PREFIX_BYTES.length; index += 1) if (bytes[index] !== PREFIX_BYTES[index]) return 0
  let seq = 0
  let index = PREFIX.length
  for (; index < bytes.length; index += 1) {
    const byte = bytes[index]!
    if (byte < DIGIT_0 || byte > DIGIT_9) break
    seq = seq * 10 + (byte - DIGIT_0)
  }
  const last = bytes.length - 1
  const isWhole = bytes[last] === CLOSING_BRACE && (index === last || bytes[index] === COMMA)
  return isWhole && Number.isSafeInteger(seq) ? seq : 0
}

/**
 * Reads the commit time of an encoded event from its last bytes, without parsing the rest.
 *
 * @returns milliseconds since 1970, or NaN when there is none.
 * @example
 * eventAtMs(new TextEncoder().encode('{"at":"1970-01-01T00:00:01.000Z"}')) //=> 1000
 */
export function eventAtMs(bytes: Uint8Array): number {
  let tail = ''
  for (const byte of bytes.subarray(-TAIL_BYTES)) tail += String.fromCharCode(byte)
  const index = tail.lastIndexOf(AT)
  if (index === -1) return NaN
  return Date.parse(tail.slice(index + AT.length, index + AT.length + AT_LENGTH))
}
