import { SignJWT } from 'jose'

export const TEST_JWT_SECRET = 'a-secret-for-tests-of-32-bytes-or-more'

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
