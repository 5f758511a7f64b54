import { SignJWT } from 'jose'

export interface DemoTokenOptions {
  readonly userId: string
  /** One of the gateway's HS256 secrets. */
  readonly secret: string
  readonly audience: string
}

const LIFETIME = '1h'

/** A browser token as a panel mints it. */
export function mintDemoToken({ userId, secret, audience }: DemoTokenOptions): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(LIFETIME)
    .sign(new TextEncoder().encode(secret))
}
