import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'

/** A signed message begins with this byte, which no unsigned one does, and its HMAC-SHA256 in base64url. */
const MARK = '~'
const MARK_BYTE = MARK.charCodeAt(0)
const SIGNATURE_LENGTH = 43
const HEAD_LENGTH = MARK.length + SIGNATURE_LENGTH

export interface MessageSignature {
  sign(channel: string, payload: string): string
  /** @returns the payload; undefined when the signature is missing or wrong. */
  open(channel: string, message: Buffer): Buffer | undefined
}

/**
 * Signs the messages of a bus, so that the password of the bus is not enough to show a user another balance. The signature
 * covers the channel: a message of one user is not one of another. A repeated message has the seq of an event that was
 * received before, and is dropped for that.
 *
 * The first key signs, and all of them verify, so that keys can be rotated. Without keys nothing is signed, and a signature
 * is removed unseen: publishers may begin to sign before all subscribers verify.
 *
 * @param keys random texts.
 * @param onKeyUsed called with the place of the key that has verified a message.
 * @example
 * const signature = createMessageSignature(['a random text of 32 bytes or more'])
 * const signed = Buffer.from(signature.sign('a channel', 'a message'))
 * signature.open('a channel', signed)?.toString() //=> 'a message'
 * signature.open('another channel', signed) //=> undefined
 */
export function createMessageSignature(
  keys: readonly string[],
  onKeyUsed: (place: number) => void = () => undefined,
): MessageSignature {
  const secrets = keys.map((key) => createSecretKey(key, 'utf8'))
  const [first] = secrets
  return {
    sign: (channel, payload) => (first === undefined ? payload : MARK + signatureOf(first, channel, payload) + payload),
    open(channel, message) {
      if (message[0] !== MARK_BYTE) return secrets.length === 0 ? message : undefined
      const payload = message.subarray(HEAD_LENGTH)
      const given = message.subarray(MARK.length, HEAD_LENGTH)
      const place = secrets.findIndex((secret) => {
        const expected = Buffer.from(signatureOf(secret, channel, payload), 'latin1')
        return expected.length === given.length && timingSafeEqual(expected, given)
      })
      if (place >= 0) onKeyUsed(place)
      return place >= 0 || secrets.length === 0 ? payload : undefined
    },
  }
}

function signatureOf(key: KeyObject, channel: string, payload: string | Buffer): string {
  return createHmac('sha256', key).update(`${channel}\n`).update(payload).digest('base64url')
}
