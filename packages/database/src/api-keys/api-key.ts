import { createHash, randomBytes } from 'node:crypto'

const KEY_ID_BYTES = 6
const SECRET_BYTES = 32
const API_KEY = /^(pxk_[0-9a-f]{12})_[\w-]{43}$/

/** A new key: shown once, never stored. */
export interface NewApiKey {
  /** `pxk_<public part>_<secret part>`, what the panel sends. */
  readonly key: string
  /** `pxk_<public part>`, which identifies the key and grants no access. */
  readonly keyId: string
}

/**
 * Creates a key with 256 random bits.
 *
 * @example
 * const { key, keyId } = makeApiKey()
 * key.startsWith(keyId) //=> true
 */
export function makeApiKey(): NewApiKey {
  const keyId = `pxk_${randomBytes(KEY_ID_BYTES).toString('hex')}`
  return { keyId, key: `${keyId}_${randomBytes(SECRET_BYTES).toString('base64url')}` }
}

/**
 * The public part of a key; undefined when the text is not in the format of a key.
 *
 * @example
 * apiKeyId(`pxk_0123456789ab_${'x'.repeat(43)}`) //=> 'pxk_0123456789ab'
 * apiKeyId('a password') //=> undefined
 */
export function apiKeyId(text: string): string | undefined {
  return API_KEY.exec(text)?.[1]
}

/**
 * The stored hash of a key. One round of SHA-256 is enough: a slow hash protects passwords, which can be guessed; 256
 * random bits cannot, and a slow hash on every request would help a denial-of-service attack.
 *
 * @example
 * hashApiKey(makeApiKey().key).length //=> 32
 */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
