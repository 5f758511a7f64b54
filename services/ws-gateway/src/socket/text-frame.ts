const FIN_TEXT = 0x81
/** The second byte is the length up to this maximum; 126 means that 16 bits of length follow, 127 that 64 do. */
const LENGTH_7_MAX = 125
const LENGTH_16 = 126
const LENGTH_64 = 127
const LENGTH_16_MAX = 0xffff

/** Builds a complete, unmasked text frame (RFC 6455), so that header and payload need one write. */
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
