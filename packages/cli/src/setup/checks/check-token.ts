import { SignJWT } from 'jose'

/** No panel's user: an order of each check belongs to it. */
export const CHECK_USER = 'paxyo-setup-check'

/** Signs a token as the panel does. */
export const signCheckToken = (jwtSecret: string): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(CHECK_USER)
    .setAudience('paxyo')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(new TextEncoder().encode(jwtSecret))
