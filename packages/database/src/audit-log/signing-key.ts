import { createPrivateKey, createPublicKey, hkdfSync, sign, verify, type KeyObject } from 'node:crypto'

/** What a PKCS #8 Ed25519 key begins with; its 32 bytes follow. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEED_BYTES = 32

/** The key that signs the audit log, and what others verify it with. */
export interface AuditSigningKey {
  /** In base64url. */
  readonly publicKey: string
  sign(text: string): Buffer
}

/**
 * Derives a key from a secret, so that the secret can be any random text, as those of the services.
 *
 * @example
 * const key = auditSigningKey('9f8b1c7be2a8630d57c1e09b84fa26d3')
 * verifyAuditSignature(key.publicKey, 'a text', key.sign('a text')) //=> true
 */
export function auditSigningKey(secret: string): AuditSigningKey {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'paxyo audit log', SEED_BYTES))
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  return { publicKey: x!, sign: (text) => sign(null, Buffer.from(text), key) }
}

/**
 * Whether a signature is that of a key.
 *
 * @param publicKey in base64url; what is no key has signed nothing.
 * @example
 * verifyAuditSignature('no key', 'a text', Buffer.alloc(64)) //=> false
 */
export function verifyAuditSignature(publicKey: string, text: string, signature: Buffer): boolean {
  const key = readPublicKey(publicKey)
  return key !== undefined && verify(null, Buffer.from(text), key, signature)
}

function readPublicKey(x: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  } catch {
    return undefined
  }
}
