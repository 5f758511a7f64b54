import { SignJWT } from 'jose'

export const TEST_JWT_SECRET = '4f9d1c7be2a8630d57c1e09b84fa26d35b70ce91'

/** A browser token as a panel mints it. */
export function mintToken(
  userId: string,
  {
    secret = TEST_JWT_SECRET,
    audience = 'paxyo',
    expiresInS = 300,
  }: { secret?: string; audience?: string; expiresInS?: number } = {},
): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
    .sign(new TextEncoder().encode(secret))
}
