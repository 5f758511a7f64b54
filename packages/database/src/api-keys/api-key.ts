import { createHash, randomBytes } from 'node:crypto'

const KEY_ID_BYTES = 6
const SECRET_BYTES = 32
const API_KEY = /^(pxk_[0-9a-f]{12})_[\w-]{43}$/

/** A key as it is made: shown once, never stored. */
export interface NewApiKey {
  /** `pxk_<public part>_<secret part>`, what the panel sends. */
  readonly key: string
  /** `pxk_<public part>`, which names the key without being of use to anybody. */
  readonly keyId: string
}

export function makeApiKey(): NewApiKey {
  const keyId = `pxk_${randomBytes(KEY_ID_BYTES).toString('hex')}`
  return { keyId, key: `${keyId}_${randomBytes(SECRET_BYTES).toString('base64url')}` }
}

/** The public part of a text that has the form of a key; undefined when it has not. */
export function apiKeyId(text: string): string | undefined {
  return API_KEY.exec(text)?.[1]
}

/**
 * What is stored of a key. One round of SHA-256 is enough: a slow hash protects passwords, which people choose and others
 * guess; nobody guesses 256 random bits, and a slow hash on every request would be a way to keep the server busy.
 */
export function hashApiKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
