import type { Pool } from 'pg'

/** What ends the connections of a user. */
export interface Cutoff {
  readonly userId: string
  /** Tokens issued before it, in ms since 1970, are revoked. */
  readonly tokensIssuedBeforeMs: number | undefined
  /** When the panel disconnected the user, in ms since 1970. */
  readonly disconnectedAtMs: number | undefined
}

/** One token of a user that is revoked, by its `jti`. */
export interface RevokedToken {
  readonly userId: string
  readonly tokenId: string
}

/** What ends connections, and was set recently. */
export interface RecentCutoffs {
  readonly cutoffs: readonly Cutoff[]
  readonly revokedTokens: readonly RevokedToken[]
}

const READ_CUTOFFS = `
  SELECT user_id, (extract(epoch FROM tokens_issued_before) * 1000)::float8 AS tokens_issued_before,
    (extract(epoch FROM disconnected_at) * 1000)::float8 AS disconnected_at,
    NULL AS jti
  FROM connection_cutoffs WHERE set_at > clock_timestamp() - $1 * interval '1 millisecond'
  UNION ALL
  SELECT user_id, NULL, NULL, jti
  FROM revoked_tokens WHERE revoked_at > clock_timestamp() - $1 * interval '1 millisecond'`

interface CutoffRow {
  readonly user_id: string
  readonly tokens_issued_before: number | null
  readonly disconnected_at: number | null
  /** Of a revoked token; null in the row of a cutoff. */
  readonly jti: string | null
}

/** The cutoffs and revoked tokens that were set recently, by the clock of the database. */
export async function readCutoffs(pool: Pool, sinceMs: number): Promise<RecentCutoffs> {
  const { rows } = await pool.query<CutoffRow>({ name: 'read_cutoffs', text: READ_CUTOFFS, values: [sinceMs] })
  const cutoffs = rows.filter(({ jti }) => jti === null)
  return {
    cutoffs: cutoffs.map((row) => ({
      userId: row.user_id,
      tokensIssuedBeforeMs: row.tokens_issued_before ?? undefined,
      disconnectedAtMs: row.disconnected_at ?? undefined,
    })),
    revokedTokens: rows.flatMap(({ user_id: userId, jti }) => (jti === null ? [] : { userId, tokenId: jti })),
  }
}
