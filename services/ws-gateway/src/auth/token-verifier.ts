import { identifierSchema } from '@paxyo/contracts'
import { errors, jwtVerify, type CryptoKey, type JWTPayload } from 'jose'
import { createSecretKey } from 'node:crypto'
import type { KeyServer } from './key-server.ts'
import { verifyHs256 } from './verify-hs256.ts'

/** The claims of a verified token. */
export interface Identity {
  readonly userId: string
  readonly expiresAtMs: number
  /** 0 for a token without `iat`: after a revocation, such a token counts as older. */
  readonly issuedAtMs: number
  /** `jti`, by which this token alone can be revoked; undefined for a token without it. */
  readonly tokenId: string | undefined
}

/**
 * Why a token is rejected. `unavailable`: its key could not be fetched, so it may be valid. `invalid_token` stops the client
 * (4500). After the other reasons the client retries, with a new token if its own has expired.
 */
export type TokenRejection = 'invalid_token' | 'token_expired' | 'token_not_yet_valid' | 'unavailable'

export type TokenVerifier = (token: string, nowMs: number) => Promise<Identity | TokenRejection>

export interface TokenVerifierOptions {
  /** HS256 secrets; several at once for rotation. */
  readonly secrets: readonly string[]
  /** Called with the place of the secret of a valid token. */
  readonly onSecretUsed?: ((place: number) => void) | undefined
  /** The issuer's public keys. */
  readonly keyServer?: KeyServer | undefined
  readonly audience: string
}

/** How far the clocks of issuer and gateway may differ, for every claim that is a time. */
export const CLOCK_TOLERANCE_MS = 60_000

/**
 * Verifies browser tokens: JWTs with `sub` (the user id), `aud` and `exp`. `iat` is optional, but after a revocation of a
 * user's tokens every token of the user without it is rejected, for good. Each kind of key accepts only its own algorithms,
 * so that a public key can't be used as an HMAC secret.
 */
export function createTokenVerifier({
  secrets,
  onSecretUsed,
  keyServer,
  audience,
}: TokenVerifierOptions): TokenVerifier {
  const keys = secrets.map(importSecret)
  const hs256 = { keys: secrets.map((secret) => createSecretKey(secret, 'utf8')), audience, onKeyUsed: onSecretUsed }

  return async (token, nowMs) => {
    const claims = verifyHs256(token, { ...hs256, nowMs, clockToleranceMs: CLOCK_TOLERANCE_MS })
    if (claims !== undefined) return toIdentity(claims)
    const options = {
      audience,
      requiredClaims: ['sub', 'exp'],
      currentDate: new Date(nowMs),
      clockTolerance: CLOCK_TOLERANCE_MS / 1000,
    }
    const attempts = [
      ...keys.map((key) => async () => jwtVerify(token, await key, { ...options, algorithms: ['HS256'] })),
      ...(keyServer === undefined
        ? []
        : [() => jwtVerify(token, keyServer.getKey, { ...options, algorithms: ['EdDSA', 'RS256'] })]),
    ]
    // `jose` does not fetch the keys again within 30 s; the issuer may have added a key since.
    const mayBeBehind = keyServer?.isCoolingDown === true
    let rejection: TokenRejection = 'invalid_token'
    for (const attempt of attempts) {
      try {
        return toIdentity((await attempt()).payload)
      } catch (error) {
        if (error instanceof errors.JWTExpired) return 'token_expired'
        if (isNotYetValid(error)) return 'token_not_yet_valid'
        const isOfNewKey = mayBeBehind && error instanceof errors.JWKSNoMatchingKey
        if (isOfNewKey || !isAboutToken(error)) rejection = 'unavailable'
      }
    }
    return rejection
  }
}

/** Imported once: given the bytes, `jose` would import them for every token. */
function importSecret(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify'])
}

/** Whether an error is about the token, and not about fetching the keys. */
function isAboutToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false
  // `jose` throws the base class for a response that is not 200 or not JSON.
  return error.code !== errors.JOSEError.code
}

/** `jose` checks the claims after the signature and the audience. */
function isNotYetValid(error: unknown): boolean {
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf' && error.reason === 'check_failed'
}

function toIdentity({ sub, exp, iat = 0, jti }: JWTPayload): Identity | TokenRejection {
  // Many users share a query: one id that PostgreSQL can't store would make all of them fail.
  const userId = identifierSchema.safeParse(toText(sub))
  if (!userId.success || exp === undefined) return 'invalid_token'
  // One that the panel's API does not take cannot have been revoked.
  const tokenId = jti === undefined ? undefined : identifierSchema.safeParse(jti).data
  return { userId: userId.data, expiresAtMs: exp * 1000, issuedAtMs: iat * 1000, tokenId }
}

/** A `sub` should be a string, but many libraries write a numeric id as a number. */
function toText(sub: unknown): unknown {
  return Number.isSafeInteger(sub) ? String(sub) : sub
}
