import type { Pool } from 'pg'

export interface SetCutoff {
  readonly tokensIssuedBefore: Date | null
  readonly disconnectedAt: Date | null
}

// By the clock of the database, and never back. Milliseconds, as in the message to the gateways. A disconnect of earlier
// is left out: every gateway has carried it out, and one that was started since must not do it again.
const SET_CUTOFF = `
  INSERT INTO connection_cutoffs AS known (user_id, tokens_issued_before, disconnected_at, set_at)
  SELECT $1, CASE WHEN $2 THEN at END, CASE WHEN $3 THEN at END, at
  FROM (SELECT date_trunc('milliseconds', clock_timestamp()) AS at) AS now
  ON CONFLICT (user_id) DO UPDATE SET
    tokens_issued_before = greatest(known.tokens_issued_before, excluded.tokens_issued_before),
    disconnected_at = greatest(excluded.disconnected_at,
      CASE WHEN known.disconnected_at > excluded.set_at - interval '5 minutes' THEN known.disconnected_at END),
    set_at = greatest(known.set_at, excluded.set_at)
  RETURNING tokens_issued_before, disconnected_at`

interface CutoffRow {
  readonly tokens_issued_before: Date | null
  readonly disconnected_at: Date | null
}

/**
 * Commits that a user's tokens are revoked, or that the user's connections are closed, as of now.
 *
 * @example
 * const { tokensIssuedBefore, disconnectedAt } = await setCutoff(pool, 'ann', 'revoke')
 * tokensIssuedBefore instanceof Date //=> true
 * disconnectedAt //=> null
 */
export async function setCutoff(pool: Pool, userId: string, kind: 'revoke' | 'disconnect'): Promise<SetCutoff> {
  const { rows } = await pool.query<CutoffRow>(SET_CUTOFF, [userId, kind === 'revoke', kind === 'disconnect'])
  return { tokensIssuedBefore: rows[0]!.tokens_issued_before, disconnectedAt: rows[0]!.disconnected_at }
}
