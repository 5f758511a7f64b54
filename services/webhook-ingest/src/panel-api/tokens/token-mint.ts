import { SignJWT } from 'jose'
import { randomUUID } from 'node:crypto'

/** Signs a token that lets a user's browser connect to the gateway. */
export type TokenMint = (userId: string, ttlS: number) => Promise<{ token: string; expiresAt: Date; jti: string }>

export interface TokenMintOptions {
  /** HS256 secrets. The first one signs: put a new secret first once every gateway knows it. */
  readonly secrets: readonly string[]
  readonly audience: string
}

/** @returns undefined when there is no secret. */
export function createTokenMint({ secrets, audience }: TokenMintOptions): TokenMint | undefined {
  const [secret] = secrets
  if (secret === undefined) return undefined
  const key = new TextEncoder().encode(secret)
  return async (userId, ttlS) => {
    const nowS = Math.floor(Date.now() / 1000)
    const expiresAtS = nowS + ttlS
    const jti = randomUUID()
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setAudience(audience)
      .setJti(jti)
      .setIssuedAt(nowS)
      .setExpirationTime(expiresAtS)
      .sign(key)
    return { token, expiresAt: new Date(expiresAtS * 1000), jti }
  }
}
