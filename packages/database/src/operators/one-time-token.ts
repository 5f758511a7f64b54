import { createHash, randomBytes } from 'node:crypto'

/** A token of a link or a session: it is shown once, and only its hash is stored. */
export interface NewToken {
  readonly token: string
  readonly hash: Buffer
}

/**
 * Creates a token with 256 random bits.
 *
 * @example
 * const { token, hash } = makeToken()
 * hash.equals(hashToken(token)) //=> true
 */
export function makeToken(): NewToken {
  const token = randomBytes(32).toString('base64url')
  return { token, hash: hashToken(token) }
}

/**
 * The stored hash of a token. One round is enough for 256 random bits.
 *
 * @example
 * hashToken('a token').length //=> 32
 */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
