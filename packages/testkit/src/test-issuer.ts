import { SignJWT, type JSONWebKeySet } from 'jose'
import { generateKeyPairSync } from 'node:crypto'

/** An identity provider, whose public keys verify its tokens. */
export interface TestIssuer {
  readonly jwks: JSONWebKeySet
  mintToken(userId: string): Promise<string>
}

export function createTestIssuer(): TestIssuer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const header = { alg: 'EdDSA', kid: 'test' }
  return {
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), ...header }] },
    mintToken: (userId) =>
      new SignJWT()
        .setProtectedHeader(header)
        .setSubject(userId)
        .setAudience('paxyo')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(privateKey),
  }
}
