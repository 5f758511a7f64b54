const FIN_TEXT = 0x81
/** Lengths up to here stand in the second byte; it is this for a length of 16 bits, and one more for 64. */
const LENGTH_7_MAX = 125
const LENGTH_16 = 126
const LENGTH_64 = 127
const LENGTH_16_MAX = 0xffff

/** A payload as one whole text frame (RFC 6455), not masked, as it is a server's: its head and it leave in one write. */
export function textFrame(payload: Buffer): Buffer {
  const { length } = payload
  const headBytes = length <= LENGTH_7_MAX ? 2 : length <= LENGTH_16_MAX ? 4 : 10
  const frame = Buffer.allocUnsafe(headBytes + length)
  frame[0] = FIN_TEXT
  if (headBytes === 2) frame[1] = length
  else if (headBytes === 4) {
    frame[1] = LENGTH_16
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = LENGTH_64
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.set(payload, headBytes)
  return frame
}
