import type { Pool } from 'pg'

/** One browser token, by its claims. */
export interface TokenClaims {
  /** `sub`. */
  readonly userId: string
  readonly jti: string
  /** `exp`; the revocation is kept until then. */
  readonly expiresAt: Date
}

// A repetition may correct the time, and never shortens it.
const REVOKE_TOKEN = `
  INSERT INTO revoked_tokens AS known (user_id, jti, expires_at, revoked_at)
  VALUES ($1, $2, $3, clock_timestamp())
  ON CONFLICT (user_id, jti) DO UPDATE SET expires_at = greatest(known.expires_at, excluded.expires_at)
  RETURNING expires_at`

/**
 * Commits that one token is revoked.
 *
 * @returns until when the revocation is kept.
 * @example
 * const claims = { userId: 'ann', jti: 'f3b0', expiresAt: new Date('2030-01-01T00:00:00Z') }
 * await revokeToken(pool, claims) //=> claims.expiresAt
 */
export async function revokeToken(pool: Pool, { userId, jti, expiresAt }: TokenClaims): Promise<Date> {
  const { rows } = await pool.query<{ expires_at: Date }>(REVOKE_TOKEN, [userId, jti, expiresAt])
  return rows[0]!.expires_at
}
